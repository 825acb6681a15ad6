import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { fleet } from '../../../cli/commands/fleet.ts';
import { plan, scan } from '../../../cli/commands/plan.ts';
import { rehearse } from '../../../cli/commands/rehearse.ts';
import type { RunCommand } from '../../../cli/context.ts';
import { type Invocation, parseCommandLine } from '../../../cli/program.ts';
import { createTerminal } from '../../../cli/terminal.ts';
import { knownUnits, withFleetSelectorsChecked } from '../../../cli/unmatched-selectors.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { unmatchedSelectors } from '../../../src/model/selection.ts';

const SHOP = fileURLToPath(new URL('../../../examples/shop', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'podshift-selectors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a command prints on stdout; rejects as it does. */
async function printed(command: RunCommand, ...words: string[]): Promise<string> {
  let data = '';
  const stdout = {
    write: (text: string, done?: () => void) => {
      data += text;
      done?.();
    },
  };
  const terminal = createTerminal({ stdout, stderr: { write: () => undefined } }, {}, { color: false });
  const context = { terminal, interrupts: { signal: new AbortController().signal }, environment: {}, debug: false };
  await command(context as never, parseCommandLine(words, '0.0.0', 200) as Invocation);
  return data;
}

const NAMESPACE = '--namespace shpo matches nothing: cluster shop has no such namespace with a service account; did you mean "shop"?';

describe('names that the options choose and the cluster does not have', () => {
  it('are found, with the nearest name where one is near', () => {
    const known = new Set(['shop/orders', 'shop/cart', 'media/resizer']);
    const chosen = { namespaces: ['shop', 'medai', 'zzz'], serviceAccounts: ['shop/orders', 'shop/oders'] };
    expect(unmatchedSelectors(chosen, known)).toEqual([
      { option: 'namespaces', value: 'medai', nearest: 'media' },
      { option: 'namespaces', value: 'zzz', nearest: null },
      { option: 'serviceAccounts', value: 'shop/oders', nearest: 'shop/orders' },
    ]);
  });

  it.each([
    ['plan', plan, ['-n', 'shpo'], NAMESPACE],
    ['scan', scan, ['-n', 'shop', '-n', 'shpo'], NAMESPACE],
    ['rehearse', rehearse, ['-n', 'shpo'], NAMESPACE],
    [
      'plan',
      plan,
      ['--service-account', 'shop/oders'],
      '--service-account shop/oders matches nothing: cluster shop has no such service account; did you mean "shop/orders"?',
    ],
  ] as const)('are refused by %s, and nothing is printed', async (name, command, flags, message) => {
    await expect(printed(command, name, SHOP, ...flags)).rejects.toMatchObject({ name: 'UsageError', exitCode: 2, message });
  });

  it('are refused by a fleet none of whose clusters has them', async () => {
    const file = join(folder, 'fleet.yaml');
    writeFileSync(file, 'migration:\n  namespaces: [shpo]\n');
    await expect(printed(fleet, 'fleet', 'rehearse', SHOP, '--file', file)).rejects.toMatchObject({
      name: 'UsageError',
      message: NAMESPACE,
    });
  });

  it.each(['plan', 'rehearse'])('are refused by fleet %s as a canary, with the nearest name', async (action) => {
    const message = 'the canary shpo is not among the clusters that have something to migrate; did you mean "shop"?';
    const refusal = { name: 'UsageError', exitCode: 2, message, remedy: expect.stringContaining('Nothing was changed.') };
    if (action === 'rehearse') await expect(printed(fleet, 'fleet', action, SHOP, '--canary', 'shpo')).rejects.toMatchObject(refusal);
    else {
      const shop = { clusterArn: 'arn:shop', target: { clusterName: 'shop' }, status: 'planned', units: { pending: 1 } };
      const records = { getFleet: async () => ({ spec: { canary: 'shpo' } }), listMembers: async () => [shop] };
      const journal = withFleetSelectorsChecked(records as unknown as Journal);
      await expect(journal.updateFleet('f', { digest: 'd', canary: '' })).rejects.toMatchObject(refusal);
    }
  });

  it('are taken as a canary that is there, where no cluster has anything to migrate', async () => {
    const shop = { clusterArn: 'arn:shop', target: { clusterName: 'shop' }, status: 'planned', units: { pending: 0 } };
    const updateFleet = vi.fn(async () => undefined);
    const records = { getFleet: async () => ({ spec: { canary: 'shop' } }), listMembers: async () => [shop], updateFleet };
    await withFleetSelectorsChecked(records as unknown as Journal).updateFleet('f', { digest: 'd', canary: '' });
    expect(updateFleet).toHaveBeenCalled();
  });

  it('are taken where one cluster of a fleet has them', async () => {
    const stored: unknown[] = [];
    const journal = withFleetSelectorsChecked({
      putDocument: async () => undefined,
      updateFleet: async (_fleet: string, changes: unknown) => void stored.push(changes),
    } as unknown as Journal);
    const told = (cluster: string) => ({
      findings: [{ code: 'PS903', message: `--namespace shpo matches nothing: cluster ${cluster} has no such namespace` }],
    });
    await journal.putDocument('a', 'plan', told('a'));
    await journal.putDocument('b', 'plan', told('b'));
    await expect(journal.updateFleet('f', { digest: 'd' })).rejects.toMatchObject({ name: 'UsageError' });
    await journal.putDocument('c', 'plan', { findings: [{ code: 'PS911', message: 'else' }] });
    await journal.updateFleet('f', { digest: 'd' });
    expect(stored).toEqual([{ digest: 'd' }]);
  });

  it('are refused where a fleet chooses no cluster', async () => {
    const file = join(folder, 'none.yaml');
    writeFileSync(file, 'clusters:\n  names: [shpo]\n');
    await expect(printed(fleet, 'fleet', 'rehearse', SHOP, '--file', file)).rejects.toMatchObject({
      name: 'UsageError',
      message: '--name shpo: no cluster of 444455556666 in eu-central-1 is chosen by that',
    });
  });

  it('leave a namespace alone that is there and has nothing to migrate', async () => {
    expect(await printed(plan, 'plan', SHOP, '-n', 'kube-system', '-o', 'json')).toContain('"kind": "Plan"');
  });
});

describe('units of a rollback', () => {
  it('are those of the run, with the nearest one for another', () => {
    expect(knownUnits(['shop/cart'], ['shop/cart', 'shop/orders'])).toEqual(['shop/cart']);
    expect(() => knownUnits(['shop/ordres'], ['shop/cart', 'shop/orders'])).toThrow(
      'the run has no unit "shop/ordres"; did you mean "shop/orders"?',
    );
  });
});
