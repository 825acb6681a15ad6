import { PodshiftError } from '../../src/model/errors.ts';

/** An action of AWS that a run on this machine takes. */
export interface ActionNeed {
  /** Such as `eks:DescribeCluster`. */
  readonly action: string;
  /** What it is for: `plan`, `run`, `rollback` and parts of the service. */
  readonly uses: readonly string[];
  /** Types of resource that it can be limited to; empty where it knows none. */
  readonly resources: readonly string[];
  readonly why: string;
  /** Whether a run can do without it. */
  readonly optional: boolean;
}

/** What one ClusterRole of infra/cluster-access allows on one resource. */
export interface ResourceNeed {
  /** `reading`, `migrating`, `splitting` or `retiring`. */
  readonly role: string;
  readonly verbs: readonly string[];
  /** `pods/eviction` with its subresource; `*` for custom resources. */
  readonly resource: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly why: string;
}

/** Uses of an action by a run that is carried out on this machine. */
const LOCAL_USES: readonly string[] = ['plan', 'run', 'rollback'];

/** Services whose actions the journal of a deployed service needs, and a folder does not. */
const SERVICE_ONLY = /^(dynamodb|states|events|s3|sqs):/;

/** The page, from the folder of podshift: it is generated from what the functions were seen to ask for. */
export const PERMISSIONS_PAGE = 'docs/permissions.md';

/** The actions of AWS that a run on this machine needs, by the text of docs/permissions.md. Throws `InternalError` where it has none. Pure. */
export function actionsOf(page: string): ActionNeed[] {
  const rows = rowsUnder(page, '| action | for |');
  return rows.flatMap(([action = '', uses = '', resources = '', why = '']): ActionNeed[] => {
    const used = uses.split(', ');
    if (SERVICE_ONLY.test(action) || !used.some((use) => LOCAL_USES.includes(use))) return [];
    return [
      { action, uses: used, resources: resources === '' ? [] : resources.split(', '), why, optional: why.includes('may be withheld') },
    ];
  });
}

/** The verbs of Kubernetes that a run needs, by the same page. Throws `InternalError` where it has none. Pure. */
export function resourcesOf(page: string): ResourceNeed[] {
  const [head = [], ...rows] = rowsUnder(page, '| resource | API group |', true);
  const roles = head.slice(2, -1);
  return rows.flatMap((cells) =>
    roles.flatMap((role, index): ResourceNeed[] => {
      const verbs = cells[index + 2] ?? '';
      const [resource = '', group = ''] = cells;
      if (verbs === '') return [];
      return [{ role, verbs: verbs.split(', '), resource, group: group === 'core' ? '' : group, why: cells.at(-1) ?? '' }];
    }),
  );
}

/** The rows of the table whose head begins so; the head itself first where it is wanted. */
function rowsUnder(page: string, head: string, withHead = false): string[][] {
  const lines = page.split('\n');
  const at = lines.findIndex((line) => line.startsWith(head));
  const end = lines.findIndex((line, index) => index > at && !line.startsWith('|'));
  const rows = lines.slice(at, end === -1 ? undefined : end).map((line) =>
    line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.replaceAll('`', '').trim()),
  );
  if (at === -1 || rows.length < 3) throw new PodshiftError('InternalError', `${PERMISSIONS_PAGE} has no table "${head}"`);
  const body = rows.slice(2);
  // A row may refer to the one above it.
  for (const [index, cells] of body.entries()) {
    const [action = '', above = ''] = [body[index - 1]?.[0], body[index - 1]?.at(-1)];
    cells[cells.length - 1] = (cells.at(-1) ?? '').replace(/^the same$/, above).replace(/^see there$/, `see ${action}`);
  }
  return withHead ? [rows[0] ?? [], ...body] : body;
}
