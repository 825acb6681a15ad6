import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { handler as getAudit } from '../../../functions/api/get-audit.ts';
import { handler as getPage } from '../../../functions/api/get-page.ts';
import { handler as getReport } from '../../../functions/api/get-report.ts';
import { handler as getRun } from '../../../functions/api/get-run.ts';
import { handler as listRuns } from '../../../functions/api/list-runs.ts';
import { handler as listUnits } from '../../../functions/api/list-units.ts';
import { httpFunction } from '../../../functions/middleware/http.ts';
import { verifyAudit } from '../../../src/audit/verify.ts';
import { auditFile } from '../../../src/model/audit/record.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { runReport } from '../../../src/model/report.ts';
import type { Pages } from '../../../src/service/pages.ts';
import { pageLink, runList, runResource, unitList } from '../../../src/service/resources.ts';
import { ROUTES } from '../../../src/service/routes.ts';
import { call, event, expectProblem, send } from '../fixtures/api-requests.ts';
import { beginRun, type FakeMigration, fakeMigration, planWith, RUN, START, TARGET, unitPlan } from '../fixtures/fake-migration.ts';

const path = { runId: RUN };
const names = ['a', 'b', 'c', 'd', 'e'];

let fake: FakeMigration;
beforeEach(async () => {
  fake = await fakeMigration();
  await beginRun(
    fake,
    planWith(
      names.map((name) => unitPlan({ id: `shop/${name}`, serviceAccount: name })),
      [],
    ),
  );
});
afterEach(() => fake[Symbol.asyncDispose]());

describe('GET /runs/{runId}', () => {
  it('shows a run in the words of its schema', async () => {
    const { status, body, headers } = await call(getRun, fake.runtime, { path });
    expect([status, runResource.parse(body)]).toEqual([200, body]);
    expect(body).toMatchObject({ id: RUN, status: 'running', target: TARGET, approval: null });
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
  });

  it('says in words how the run stands, as the list does', async () => {
    const { journal } = fake.runtime;
    const state = async () => {
      const [one, all] = [await call(getRun, fake.runtime, { path }), await call(listRuns, fake.runtime, {})];
      expect(all.body.runs.find(({ id }: { id: string }) => id === RUN).state).toEqual(one.body.state);
      return one.body.state;
    };
    await journal.updateUnit(RUN, 'shop/b', { status: 'migrated' });
    expect(await state()).toEqual({ name: 'migrating', text: 'migrating, wave 1 of 1 (1 of 5 units migrated)', attention: false });
    await journal.updateRun(RUN, { status: 'needs-operator', reason: 'look at shop/a', endedAt: new Date(START).toISOString() });
    expect(await state()).toEqual({ name: 'needs-operator', text: 'needs an operator: look at shop/a', attention: true });
  });

  it.each([getRun, listUnits, getReport, getAudit, getPage])('knows no other run', async (handler) => {
    const { detail } = expectProblem(await call(handler, fake.runtime, { path: { runId: 'nope' } }), 404, 'RunNotFound');
    expect(detail).toContain('nope');
  });
});

describe('GET /runs/{runId}/page', () => {
  const link = { url: 'https://pages.test/?X-Amz-Signature=f', expiresAt: new Date(START + 900_000).toISOString() };
  const pages: Pages = { has: async () => true, put: () => Promise.reject(new Error('it is there')), link: async () => link };
  const ended = { status: 'migrated', endedAt: new Date(START).toISOString() } as const;

  it('gives a link to the page of a run that has ended, which nobody keeps and no log has', async () => {
    await fake.runtime.journal.updateRun(RUN, ended);
    const { status, body, headers } = await call(getPage, { ...fake.runtime, pages }, { path });
    expect([status, pageLink.parse(body)]).toEqual([200, { apiVersion: 'podshift/v1', kind: 'PageLink', run: RUN, ...link }]);
    expect(headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(fake.logs).toEqual([]);
  });

  it('makes and stores the page first where it is not there', async () => {
    await fake.runtime.journal.updateRun(RUN, ended);
    const stored: string[] = [];
    const put: Pages['put'] = async ({ endedAt }) => void stored.push(endedAt);
    const { status } = await call(getPage, { ...fake.runtime, pages: { ...pages, has: async () => false, put } }, { path });
    expect([status, stored]).toEqual([200, [ended.endedAt]]);
  });

  it('knows none of a run that is under way, and none where none are stored', async () => {
    expectProblem(await call(getPage, { ...fake.runtime, pages }, { path }), 404, 'PageNotFound');
    await fake.runtime.journal.updateRun(RUN, ended);
    expectProblem(await call(getPage, fake.runtime, { path }), 404, 'PageNotFound');
  });
});

describe('GET /runs', () => {
  beforeEach(async () => {
    for (const age of [1, 2, 3]) {
      const startedAt = new Date(START - age * 1000).toISOString();
      await fake.runtime.journal.createRun({ runId: `older-${age}`, target: TARGET, options: migrationOptions.parse({}), startedAt });
    }
  });

  it('shows the newest first', async () => {
    const { status, body } = await call(listRuns, fake.runtime, {});
    expect([status, runList.parse(body)]).toEqual([200, body]);
    expect(body.runs.map(({ id }: { id: string }) => id)).toEqual([RUN, 'older-1', 'older-2', 'older-3']);
    expect(body.next).toBeNull();
  });

  it('goes page by page, by the cursor that it gave', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < 2; pages += 1) {
      const { body } = await call(listRuns, fake.runtime, { query: { limit: '2', ...(cursor === undefined ? {} : { cursor }) } });
      seen.push(...body.runs.map(({ id }: { id: string }) => id));
      cursor = body.next ?? undefined;
    }
    expect([seen, cursor]).toEqual([[RUN, 'older-1', 'older-2', 'older-3'], undefined]);
  });

  it.each(['_', 'Zm9', 'Zm9vx'])('refuses %s, which is no cursor', async (cursor) => {
    expectProblem(await call(listRuns, fake.runtime, { query: { cursor } }), 400, 'InvalidInput');
  });
});

describe('GET /runs/{runId}/units', () => {
  it('shows the units as the report does, page by page', async () => {
    await fake.runtime.journal.updateUnit(RUN, 'shop/b', { status: 'needs-operator', reason: 'look at it' });
    const first = await call(listUnits, fake.runtime, { path, query: { limit: '3' } });
    expect([first.status, unitList.parse(first.body)]).toEqual([200, first.body]);
    expect(first.body.units[1]).toMatchObject({ serviceAccount: 'b', status: 'needs-operator', reason: 'look at it' });
    const second = await call(listUnits, fake.runtime, { path, query: { limit: '3', cursor: first.body.next } });
    expect(second.body.units.map(({ serviceAccount }: { serviceAccount: string }) => serviceAccount)).toEqual(['d', 'e']);
    expect(second.body.next).toBeNull();
    const all = await call(getReport, fake.runtime, { path });
    const reported = (all.body.units as Record<string, unknown>[]).map(({ evidence: _evidence, ...unit }) => unit);
    expect([...first.body.units, ...second.body.units]).toEqual(reported);
  });
});

describe('GET /runs/{runId}/report', () => {
  it('gives the report, as JSON, YAML and Markdown', async () => {
    const { body } = await call(getReport, fake.runtime, { path });
    expect(runReport.parse(body)).toEqual(body);
    expect(body).toMatchObject({ kind: 'RunReport', promises: null });
    const yaml = await call(getReport, fake.runtime, { path, query: { format: 'yaml' } });
    expect(yaml.headers['content-type']).toBe('application/yaml');
    expect(parse(yaml.text)).toEqual(body);
    const markdown = await call(getReport, fake.runtime, { path, query: { format: 'markdown' } });
    expect(markdown.headers['content-type']).toBe('text/markdown; charset=utf-8');
    expect(markdown.text).toContain('shop/a');
  });
});

describe('a large answer', () => {
  const sized = (bytes: number) => httpFunction(ROUTES.getRun, async () => ({ status: 200, body: { text: 'x'.repeat(bytes) } }));
  const gzip = { 'accept-encoding': 'br;q=1.0, gzip;q=0.8' };

  it('is compressed for a client that takes it, and for no other', async () => {
    const packed = await call(sized(70_000), fake.runtime, { path, headers: gzip });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.body.text).toHaveLength(70_000);
    expect((await call(sized(70_000), fake.runtime, { path })).headers).not.toHaveProperty('content-encoding');
    expect((await call(sized(60_000), fake.runtime, { path, headers: gzip })).headers).not.toHaveProperty('content-encoding');
  });

  it('is refused where a function cannot give it', async () => {
    expectProblem(await call(sized(6_000_000), fake.runtime, { path }), 406, 'AnswerTooLarge');
    expect((await call(sized(6_000_000), fake.runtime, { path, headers: gzip })).status).toBe(200);
    const noise = Array.from({ length: 700_000 }, (_, index) => ((index * 2_654_435_761) % 4_294_967_296).toString(36)).join('');
    const random = httpFunction(ROUTES.getRun, async () => ({ status: 200, body: { noise: noise + [...noise].reverse().join('') } }));
    expectProblem(await call(random, fake.runtime, { path, headers: gzip }), 406, 'AnswerTooLarge');
  });
});

describe('a function of the API', () => {
  it('makes its runtime from the environment on Lambda; a wrong one is no fault of the client', async () => {
    const answer = await getRun(event({ path }), {} as never);
    expect(answer.statusCode).toBe(500);
    expect(JSON.parse(answer.body ?? '')).toMatchObject({ code: 'PE901', detail: 'the service is not set up to answer' });
  });

  it('logs what went wrong without what was asked', async () => {
    await send(getRun, fake.runtime, event({ path: { runId: 'nope' }, headers: { authorization: 'AWS4-HMAC-SHA256 secret' } }));
    expect(fake.logs).toEqual([expect.stringContaining('"operation":"getRun"')]);
    expect(fake.logs.join()).not.toContain('secret');
  });
});

describe('GET /runs/{runId}/audit', () => {
  it('is the file that the command verifies, to the byte', async () => {
    const { status, text, headers } = await call(getAudit, fake.runtime, { path });
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    expect(verifyAudit(Buffer.from(text), {})).toMatchObject({ honest: true, run: RUN, problems: [] });
    expect(auditFile.parse(JSON.parse(text)).links.filter(({ record }) => record.kind === 'unit')).toHaveLength(names.length);
  });
});
