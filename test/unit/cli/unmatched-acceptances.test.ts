import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { plan } from '../../../cli/commands/plan.ts';
import { rehearse } from '../../../cli/commands/rehearse.ts';
import { type Invocation, parseCommandLine } from '../../../cli/program.ts';
import { createTerminal } from '../../../cli/terminal.ts';
import { acceptedBy, unmatchedAcceptances } from '../../../src/model/acceptance.ts';

const SHOP = fileURLToPath(new URL('../../../examples/shop', import.meta.url));

/** What a command says on stderr, as one text. */
async function told(command: typeof plan, ...words: string[]): Promise<string> {
  const talk: string[] = [];
  const silent = { write: (_text: string, done?: () => void) => done?.() };
  const terminal = createTerminal({ stdout: silent, stderr: { write: (text: string) => void talk.push(text) } }, {}, { color: false });
  const context = { terminal, interrupts: { signal: new AbortController().signal }, environment: {}, debug: false };
  await command(context as never, parseCommandLine(words, '0.0.0', 200) as Invocation);
  return talk.join('').replace(/\s+/g, ' ');
}

const SENTENCE = /--accept \S+ matches no finding that blocks a service account/g;

describe('values of --accept that match no finding', () => {
  it('are those that no finding was accepted by', () => {
    const findings = [{ message: `${acceptedBy('PS305:shop/orders')}it is so` }, { message: 'PS306:shop/orders is not accepted' }];
    expect(unmatchedAcceptances(['PS305:shop/orders', 'PS306:shop/orders', 'PS305:shop/order'], findings)).toEqual([
      'PS306:shop/orders',
      'PS305:shop/order',
    ]);
    expect(unmatchedAcceptances([], findings)).toEqual([]);
  });

  it.each([
    ['plan', plan],
    ['rehearse', rehearse],
  ] as const)('are named by %s', async (name, command) => {
    const said = await told(command, name, SHOP, '-n', 'shop', '--accept', 'PS305:shop/storefont', '--accept', 'PS306:shop/mailroom');
    expect(said.match(SENTENCE)).toEqual([
      '--accept PS305:shop/storefont matches no finding that blocks a service account',
      '--accept PS306:shop/mailroom matches no finding that blocks a service account',
    ]);
    expect(await told(command, name, SHOP, '-n', 'shop')).not.toMatch(SENTENCE);
  });
});
