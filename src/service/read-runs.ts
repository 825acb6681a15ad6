import pLimit from 'p-limit';
import { auditOf } from '../audit/audit.ts';
import { renderAudit } from '../audit/chain.ts';
import { linkToPage } from '../migration/run/run-page.ts';
import type { JournalRuntime } from '../migration/runtime.ts';
import type { Plan } from '../model/plan.ts';
import type { RunRecord } from '../model/run.ts';
import { renderReport } from '../report/render.ts';
import { buildReport, isProposal } from '../report/report.ts';
import { type ApiAnswer, Text } from './answer.ts';
import { cursorOf, placeOf } from './cursor.ts';
import type { ApiRequest } from './request.ts';
import { describePageLink, describeProposal, describeRuns, describeUnits, type StandingRun } from './resources.ts';
import { REPORT_TYPES, type ROUTES } from './routes.ts';

/** Runs whose units are read at once. */
const CONCURRENCY = 8;

/** `GET /runs`. */
export async function listRuns(runtime: JournalRuntime, { query }: ApiRequest<typeof ROUTES.listRuns>): Promise<ApiAnswer> {
  const { items, next } = await runtime.journal.pageRuns({ limit: query.limit, after: placeOf(query.cursor) });
  const limit = pLimit(CONCURRENCY);
  const standing = await Promise.all(items.map((run) => limit(() => withUnits(runtime, run))));
  return { status: 200, body: describeRuns(standing, cursorOf(next), runtime.clock.now()) };
}

/** `GET /runs/{runId}`. Throws `RunNotFound`. */
export async function getRun(runtime: JournalRuntime, { path }: ApiRequest<typeof ROUTES.getRun>): Promise<ApiAnswer> {
  const run = await runtime.journal.getRun(path.runId);
  const plan = isProposal(run) ? ((await runtime.journal.getDocument(run.runId, 'plan')) as Plan | undefined) : undefined;
  return { status: 200, body: describeProposal(await withUnits(runtime, run), plan, runtime.clock.now()) };
}

/** A run with the units that its words are made from: of one that has ended, waits or only begins, its record alone says it. */
async function withUnits({ journal }: JournalRuntime, run: RunRecord): Promise<StandingRun> {
  const isTold = run.endedAt !== null || run.digest === '' || run.approval?.status === 'waiting';
  return { run, units: isTold ? [] : await journal.listUnits(run.runId) };
}

/** `GET /runs/{runId}/units`. Throws `RunNotFound`. */
export async function listUnits(runtime: JournalRuntime, { path, query }: ApiRequest<typeof ROUTES.listUnits>): Promise<ApiAnswer> {
  const { runId } = await runtime.journal.getRun(path.runId);
  const { items, next } = await runtime.journal.pageUnits(runId, { limit: query.limit, after: placeOf(query.cursor) });
  return { status: 200, body: describeUnits(runId, items, cursorOf(next)) };
}

/** `GET /runs/{runId}/report`. Throws `RunNotFound`. */
export async function getReport(runtime: JournalRuntime, { path, query }: ApiRequest<typeof ROUTES.getReport>): Promise<ApiAnswer> {
  const report = await buildReport(runtime.journal, path.runId, null);
  if (query.format === 'json') return { status: 200, body: report };
  return { status: 200, body: new Text(renderReport(report, query.format, { columns: 0, color: false }), REPORT_TYPES[query.format]) };
}

/** `GET /runs/{runId}/audit`: the text of the file, to the byte. Throws `RunNotFound`. */
export async function getAudit(runtime: JournalRuntime, { path }: ApiRequest<typeof ROUTES.getAudit>): Promise<ApiAnswer> {
  return { status: 200, body: new Text(renderAudit(await auditOf(runtime.journal, path.runId)), REPORT_TYPES.json) };
}

/** `GET /runs/{runId}/page`. Throws as {@link linkToPage} does. */
export async function getPage(runtime: JournalRuntime, { path }: ApiRequest<typeof ROUTES.getPage>): Promise<ApiAnswer> {
  return { status: 200, body: describePageLink(path.runId, await linkToPage(runtime, path.runId)) };
}
