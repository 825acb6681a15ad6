import { type AnyReport, unitName } from '../summary.ts';
import { type TrustChange, trustChange } from '../trust-diff.ts';

/** A role with how its trust policy changes. */
export interface ShownRole {
  readonly roleArn: string;
  /** Its place in the report. */
  readonly index: number;
  /** `NAMESPACE/SERVICEACCOUNT` of the units that have it. */
  readonly accounts: readonly string[];
  readonly shape: Omit<TrustChange, 'roleArn'>;
}

/** Changes that so many roles have alike are shown once. */
const ALIKE = 20;

/**
 * The roles of a report: those that change alike together, with NAMESPACE and SERVICEACCOUNT in place of their own (they have one service
 * account each), the others by themselves. Pure.
 */
export function shapesOf(report: AnyReport): {
  readonly shared: readonly (readonly [ShownRole, ...ShownRole[]])[];
  readonly alone: readonly ShownRole[];
} {
  const users = Map.groupBy(report.units, ({ roleArn }) => roleArn);
  const roles = report.roles.map((role, index): ShownRole => {
    const { diff, scopeBefore, scopeAfter } = trustChange(role);
    const accounts = (users.get(role.roleArn) ?? []).map(unitName);
    return { roleArn: role.roleArn, index, accounts, shape: { diff, scopeBefore, scopeAfter } };
  });
  const groups = [...Map.groupBy(roles, (role) => (role.accounts.length === 1 ? JSON.stringify(generalOf(role)) : role.roleArn)).values()];
  return {
    shared: groups
      .filter((group) => group.length >= ALIKE)
      .map((group) => group.map((role) => ({ ...role, shape: generalOf(role) })) as [ShownRole, ...ShownRole[]]),
    alone: groups.filter((group) => group.length < ALIKE).flat(),
  };
}

/** A change without the names of its service account, where a policy names one. */
function generalOf({ accounts, shape }: ShownRole): ShownRole['shape'] {
  const [namespace, name] = (accounts[0] ?? '').split('/');
  const general = (text: string): string =>
    text
      .replaceAll(SUBJECT, (all, start: string, space: string, account: string) =>
        space === namespace && account === name ? `${start}NAMESPACE:SERVICEACCOUNT` : all,
      )
      .replaceAll(TAG, (all, start: string, what: string, value: string) => {
        if (what === 'namespace') return value === namespace ? `${start}NAMESPACE` : all;
        return value === name ? `${start}SERVICEACCOUNT` : all;
      });
  return { diff: general(shape.diff), scopeBefore: shape.scopeBefore.map(general), scopeAfter: shape.scopeAfter.map(general) };
}

/** How a statement of IRSA names a service account. */
const SUBJECT = /(system:serviceaccount:)([\w.-]+):([\w.-]+)/g;
/** How a document names the tags of a session by Pod Identity, and how the lines about it do. */
const TAG = /(kubernetes-(namespace|service-account)(?:": "| is ))([\w.-]+)/g;
