import type { z } from 'zod';
import { type AuditLink, auditFile } from '../../src/model/audit/record.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { type RunReport, runReport } from '../../src/model/report.ts';
import { schemaProblems } from '../../src/model/text/schema-problems.ts';
import { pagePath } from '../../src/service/pages.ts';
import {
  type PageLinkResource,
  pageLink,
  type RunResource,
  runList,
  runResource,
  type UnitList,
  unitList,
} from '../../src/service/resources.ts';
import type { approvalBody, rollbackBody, startRunBody } from '../../src/service/routes.ts';
import { type ServiceAccess, type ServiceAnswer, send } from './requests.ts';

/** A deployed service, or one that `podshift serve` serves. Every method throws what {@link send} throws. */
export interface ServiceClient {
  /** The same key and body give the same run. */
  startRun(key: string, body: z.input<typeof startRunBody>): Promise<RunResource>;
  /** All of them, the newest first. */
  listRuns(): Promise<RunResource[]>;
  getRun(runId: string): Promise<RunResource>;
  /** All of them, by namespace and service account. */
  listUnits(runId: string): Promise<UnitList['units']>;
  getReport(runId: string): Promise<RunReport>;
  /** The records as the service chained them. */
  getAudit(runId: string): Promise<AuditLink[]>;
  /** A link to the page of a run that has ended, made by this call. */
  getPageLink(runId: string): Promise<PageLinkResource>;
  answerApproval(runId: string, body: z.input<typeof approvalBody>): Promise<RunResource>;
  /** `started` is false where the run was rolled back already. */
  rollBack(runId: string, body: z.input<typeof rollbackBody>): Promise<{ readonly started: boolean }>;
}

/** The most that a page has. */
const PAGE = '100';

/** The client of the API that is reached so. */
export function createServiceClient(access: ServiceAccess): ServiceClient {
  const get = async <Schema extends z.ZodType>(
    schema: Schema,
    path: string,
    query: Record<string, string> = {},
  ): Promise<z.output<Schema>> => read(schema, await send(access, { method: 'GET', path, query, again: true }));
  /** The items of all pages of a list. */
  const all = async <Page extends { next: string | null }, Item>(
    schema: z.ZodType<Page>,
    path: string,
    itemsOf: (page: Page) => readonly Item[],
  ): Promise<Item[]> => {
    const items: Item[] = [];
    let cursor: string | null = null;
    do {
      const page: Page = await get(schema, path, { limit: PAGE, ...(cursor === null ? {} : { cursor }) });
      items.push(...itemsOf(page));
      cursor = page.next;
    } while (cursor !== null);
    return items;
  };
  return {
    startRun: async (key, body) => {
      const headers = { 'idempotency-key': key };
      return read(runResource, await send(access, { method: 'POST', path: '/runs', headers, body, again: true }));
    },
    listRuns: () => all(runList, '/runs', (page) => page.runs),
    getRun: (runId) => get(runResource, pathOf(runId)),
    listUnits: (runId) => all(unitList, `${pathOf(runId)}/units`, (page) => page.units),
    getReport: (runId) => get(runReport, `${pathOf(runId)}/report`),
    // What a schema fills in would change the records: they are checked, and taken as they came.
    getAudit: async (runId) => {
      const answer = await send(access, { method: 'GET', path: `${pathOf(runId)}/audit`, again: true });
      read(auditFile, answer);
      return (answer.body as { links: AuditLink[] }).links;
    },
    getPageLink: (runId) => get(pageLink, pagePath(runId)),
    // A second answer would be refused, although the first one came through.
    answerApproval: async (runId, body) =>
      read(runResource, await send(access, { method: 'POST', path: `${pathOf(runId)}/approval`, body, again: false })),
    rollBack: async (runId, body) => {
      const { status } = await send(access, { method: 'POST', path: `${pathOf(runId)}/rollback`, body, again: true });
      return { started: status === 202 };
    },
  };
}

function pathOf(runId: string): string {
  return `/runs/${encodeURIComponent(runId)}`;
}

function read<Schema extends z.ZodType>(schema: Schema, { body }: ServiceAnswer): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new PodshiftError('InvalidRequest', `could not read the response of the service: ${schemaProblems(parsed.error)}`);
}
