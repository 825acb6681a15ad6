import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rehearse } from '../../engine/rehearsal.ts';
import { planReport, runReport } from '../../src/model/report.ts';
import { isDigestOf } from '../../src/plan/digest.ts';
import { type RunResource, runResource } from '../../src/service/resources.ts';
import { writeSnapshot } from '../support/snapshot-folder.ts';
import { takeSnapshot } from '../support/taken-snapshot.ts';
import { podshift, ROOT, start } from './spawn.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
  const { twin, clock, close } = await rehearse({ snapshot: join(ROOT, 'examples/shop'), startAt: Date.now(), mode: 'plan' });
  await writeSnapshot(folder, await takeSnapshot(twin, clock.engine));
  await close();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A run that waits for its approval, as `GET /runs/{id}` and its report show it, on the served twin of the snapshot. */
async function waitingRun() {
  const serving = start(['cli/main.ts', 'serve', folder, '--speed', '50']);
  const { url, cluster, region } = JSON.parse(/\{"url":.*\}/.exec(await serving.seen(/\{"url":.*\}/))?.[0] ?? '') as Record<string, string>;
  const answer = await fetch(`${url}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'Idempotency-Key': 'one' },
    body: JSON.stringify({ target: { clusterName: cluster, region }, mode: 'run' }),
  });
  const { id } = runResource.parse(await answer.json());
  let run: RunResource;
  do run = runResource.parse(await (await fetch(`${url}/runs/${id}`)).json());
  while (run.approval === null);
  const report = runReport.parse(await (await fetch(`${url}/runs/${id}/report`)).json());
  const markdown = await (await fetch(`${url}/runs/${id}/report?format=markdown`)).text();
  const shown = await podshift('approve', id, '--service', String(url));
  serving.process.kill('SIGINT');
  await serving.ended;
  return { run, report, markdown, shown };
}

/** The plan of the cluster itself: the twin of the snapshot, by its endpoints. */
async function clusterPlan() {
  const twin = start(['cli/main.ts', 'twin', folder, '--no-delays']);
  const all = await twin.seen('podshift plan --cluster');
  const { aws } = JSON.parse(all.split('\n')[0] ?? '') as { aws: string };
  const env = Object.fromEntries(
    [...all.matchAll(/(AWS_(?:REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY))=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
  );
  const planned = await start(['cli/main.ts', 'plan', '--cluster', 'shop', '--endpoint-url', aws, '-o', 'json'], { env }).ended;
  expect(planned.code, planned.stderr).toBe(0);
  twin.process.kill('SIGTERM');
  await twin.ended;
  return planReport.parse(JSON.parse(planned.stdout));
}

describe('the twin of a snapshot that was taken by the commands of docs/snapshots.md', { timeout: 600_000 }, () => {
  it('has one plan, whoever makes it: the run that waits, the cluster, the snapshot and the rehearsal', async () => {
    const { run, report, markdown, shown } = await waitingRun();
    const cluster = await clusterPlan();

    expect(run.approval?.status).toBe('waiting');
    const { options, units, roles, changes, findings, duration } = cluster;
    expect(changes.length).toBeGreaterThan(30);
    expect(run.plan).toEqual({ options, units, roles, changes, findings, duration });
    expect(report).toMatchObject({ options, units, roles, changes, findings, duration });
    expect(report.calls).toEqual(run.calls);
    for (const text of [markdown, shown.stdout]) {
      expect(text).toContain(`${roles.length} trust policies would gain a Pod Identity statement`);
      for (const object of new Set(changes.map((change) => change.object))) expect(text).toContain(object);
      expect(text).toContain('"Sid": "Podshift');
      expect(text).toContain('soakSeconds');
    }

    const snapshot = planReport.parse(JSON.parse((await podshift('plan', folder, '-o', 'json')).stdout));
    expect(snapshot).toMatchObject({ options, units, roles, changes, duration });
    const rehearsed = runReport.parse(JSON.parse((await podshift('rehearse', folder, '-o', 'json')).stdout));
    expect(rehearsed.run.status).toBe('migrated');
    expect(rehearsed.roles).toEqual(roles);
    const digests = [run.digest, report.run.digest, cluster.run.digest, snapshot.run.digest, rehearsed.run.digest];
    expect(new Set(digests).size).toBe(1);
    expect(isDigestOf(run.digest.slice(0, 12), cluster.run.digest)).toBe(true);
  });
});
