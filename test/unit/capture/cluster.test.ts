import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openWholeFolder } from '../../../cli/whole-folder.ts';
import { type RehearsalSettings, rehearse } from '../../../engine/rehearsal.ts';
import { loadSnapshot, type Snapshot } from '../../../twin/snapshot.ts';
import { captureTwin } from '../../support/captured.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
const SECRET = 'S3cr3t-hunter2';

async function planned(settings: Pick<RehearsalSettings, 'snapshot' | 'hooks'>) {
  const rehearsal = await rehearse({ startAt: START, mode: 'plan', ...settings });
  onTestFinished(rehearsal.close);
  return rehearsal;
}

async function captured(settings: Pick<RehearsalSettings, 'snapshot' | 'hooks'>) {
  const live = await planned(settings);
  const made = await captureTwin(live);
  onTestFinished(made.remove);
  return { live, ...made };
}

/** The shop with more objects, and with its workloads changed. */
async function shop(more: readonly unknown[], change: (text: string) => string = (text) => text): Promise<Snapshot> {
  const snapshot = await loadSnapshot('examples/shop');
  const objects = [...snapshot.objects.map((object) => JSON.parse(change(JSON.stringify(object)))), ...more];
  return { ...snapshot, objects };
}

const DENIED = { kind: 'denied', when: 'before' } as const;

const STORE = {
  apiVersion: 'external-secrets.io/v1',
  kind: 'SecretStore',
  metadata: { name: 'aws', namespace: 'shop' },
  spec: { provider: { aws: { service: 'SecretsManager', auth: { jwt: { serviceAccountRef: { name: 'orders' } } } } } },
};

describe('what a capture keeps', () => {
  it('holds no secret, in no file, and asks for no Secret', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: 'shop' }, stringData: { password: SECRET } };
    const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'shop' }, data: { password: SECRET } };
    const env = `"containers":[{"env":[{"name":"PASSWORD","value":"${SECRET}"}],"args":["--password=${SECRET}"],`;
    const snapshot = await shop([secret, settings, { ...STORE, spec: { ...STORE.spec, token: SECRET } }], (text) =>
      text.includes('"kind":"Deployment"') ? text.replace(/"containers":\[\{/, env) : text,
    );
    const { files, live } = await captured({ snapshot });
    const texts = await files();
    expect(live.twin.kubernetesHalf.side.objects('Pod').some((pod) => JSON.stringify(pod).includes(SECRET))).toBe(true);
    for (const [name, text] of texts) expect(text.includes(SECRET), name).toBe(false);
    expect(texts.get('kubernetes/deployments.apps.json')).toMatch(/--password=redacted-[0-9a-f]{16}/);
    expect(texts.get('kubernetes/configmaps.json')).toContain('"password": "redacted-');
    const asked = live.twin.requests
      .filter(({ service }) => service === 'kubernetes')
      .map(({ operation, object }) => `${operation} ${object}`);
    expect(asked.filter((one) => /^\w+ configmaps\b/i.test(one))).not.toEqual([]);
    expect(asked.filter((one) => /^\w+ secrets\b/i.test(one))).toEqual([]);
  });

  it('names what was asked for, with the cluster, the versions and the time', async () => {
    const { files } = await captured({ snapshot: await shop([STORE]) });
    const record = JSON.parse((await files()).get('capture.json') ?? '');
    expect(record).toMatchObject({ cluster: 'shop', region: 'eu-central-1', podshift: '0.0.0', kubernetesVersion: expect.any(String) });
    expect(Math.abs(Date.parse(record.takenAt) - START)).toBeLessThan(3_600_000);
    const outcomes = new Map(record.kinds.map((one: { kind: string; outcome: string }) => [one.kind, one.outcome]));
    expect(outcomes.get('Deployment')).toBe('read');
    expect(outcomes.get('RoleBinding')).toBe('read');
    expect(outcomes.get('SecretStore')).toBe('read');
    expect(outcomes.get('Rollout')).toBe('absent');
    expect([...outcomes.keys()]).not.toContain('Secret');
  });

  it('asks for each thing once', async () => {
    const live = await planned({ snapshot: await shop([STORE]) });
    const before = live.twin.requests.length;
    const { remove } = await captureTwin(live);
    onTestFinished(remove);
    const asked = live.twin.requests
      .slice(before)
      .map(({ service, operation, object }) => `${service} ${operation} ${object}`)
      .filter((one) => / (List|Get|Lookup|list|get)/.test(one));
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter((one, index) => asked.indexOf(one) !== index)).toEqual([]);
  });
});

describe('what may not be read', () => {
  it('is named with its permission, and unknown to whoever reads the snapshot', async () => {
    const deny = new Set(['ListNodegroups', 'ListAccessEntries', 'GetAccountSummary', 'LookupEvents', 'GetAccountAuthorizationDetails']);
    const hooks = { beforeRequest: ({ operation }: { operation: string }) => (deny.has(operation) ? DENIED : undefined) };
    const { live, folder, captured: told } = await captured({ snapshot: 'examples/shop', hooks });
    expect(told.refusals.map(({ permission }) => permission)).toEqual([
      'cloudtrail:LookupEvents',
      'eks:ListAccessEntries',
      'eks:ListNodegroups and eks:DescribeNodegroup',
      'iam:GetAccountAuthorizationDetails',
      'iam:GetAccountSummary',
    ]);
    const snapshot = await loadSnapshot(folder);
    expect(snapshot.gaps.map(({ what, why }) => `${what}: ${why}`)).toEqual([
      'cloudtrail/events.json: reading it was denied',
      'eks/access-entries/: reading it was denied',
      'eks/nodegroups/: reading it was denied',
      'iam/account-authorization-details.json: reading it was denied',
      'iam/account-summary.json: reading it was denied',
    ]);
    const again = await planned({ snapshot });
    expect(again.report.run.digest).toBe(live.report.run.digest);
    expect(again.report.findings).toEqual(live.report.findings);
  });

  it('ends the capture where no plan can do without it', async () => {
    const hooks = { beforeRequest: ({ operation }: { operation: string }) => (operation === 'ListAddons' ? DENIED : undefined) };
    await expect(captured({ snapshot: 'examples/shop', hooks })).rejects.toThrow('eks:ListAddons');
  });
});

describe('the folder of a capture', () => {
  const parent = async (): Promise<string> => {
    const made = await mkdtemp(join(tmpdir(), 'podshift-test-'));
    onTestFinished(() => rm(made, { recursive: true, force: true }));
    return made;
  };

  it('is for its owner alone, and there once it is whole', async () => {
    const above = await parent();
    const path = join(above, 'shop');
    const folder = await openWholeFolder(path);
    await folder.write({ name: 'eks/cluster.json', content: { a: 1 } });
    expect(await readdir(above)).not.toContain('shop');
    await folder.finish();
    expect(await readdir(above)).toEqual(['shop']);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(path, 'eks'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(path, 'eks/cluster.json'))).mode & 0o777).toBe(0o600);
    await folder.discard();
    expect(await readdir(path)).toEqual(['eks']);
  });

  it('leaves nothing behind where it is given up, whatever is still being written', async () => {
    const above = await parent();
    const folder = await openWholeFolder(join(above, 'shop'));
    const writing = folder.write({ name: 'a/b.json', content: 'x'.repeat(1_000_000) });
    await folder.discard();
    await writing;
    await folder.write({ name: 'c.json', content: 1 });
    expect(await readdir(above)).toEqual([]);
  });

  it('may be there, if it is empty', async () => {
    const above = await parent();
    const folder = await openWholeFolder(above);
    await folder.write({ name: 'a.json', content: 1 });
    await folder.finish();
    expect(await readdir(above)).toEqual(['a.json']);
    await expect(openWholeFolder(above)).rejects.toThrow(`--out ${above} is not empty: name a folder that is empty or not there yet`);
    await expect(openWholeFolder(join(above, 'a.json'))).rejects.toThrow('is a file, or below one');
    await expect(openWholeFolder(join(above, 'b/c'))).rejects.toThrow('the folder above it does not exist');
  });
});
