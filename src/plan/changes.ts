import { AGENT } from '../model/agent.ts';
import { ruleRemoval } from '../model/interception.ts';
import type { AgentPlan, Plan, RolePlan, UnitPlan } from '../model/plan.ts';
import { RETIRED_LABEL, type RetirementPlan } from '../model/retirement.ts';
import { compareText } from './waves.ts';

/** One field of one object, before and after. */
export interface Change {
  /** `Kind/namespace/name`, `Role/ARN` or `Addon/NAME`. */
  readonly object: string;
  /** A path of the object's fields; empty where the whole object is made. */
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** A change of a plan. */
export interface PlannedChange extends Change {
  /** `NAMESPACE/SERVICEACCOUNT` of the unit that it belongs to; null for what several share, or the run itself. */
  readonly unit: string | null;
}

/**
 * Every field of every object that a run of the plan would change, once, with its value before and after: the agent's add-on, trust
 * policies (their JSON text, after the last wave), then the units in order of their ids, and the retirement of a daemon. What is made and
 * taken away again (probe pods) is none. Pure: the same decisions give the same list.
 */
export function planChanges(plan: Pick<Plan, 'agent' | 'roles' | 'units' | 'retirement' | 'options'>): PlannedChange[] {
  const units = plan.units.filter(({ decision }) => decision === 'migrate').sort((a, b) => compareText(a.id, b.id));
  const shared = [...agentChanges(plan.agent), ...plan.roles.flatMap(trustChanges).sort((a, b) => compareText(a.object, b.object))];
  const own = units.flatMap((unit) => unitChanges(unit).map((change) => ({ ...change, unit: unit.id })));
  const retired = retirementChanges(plan.retirement, plan.options.retireOnly);
  return [...shared.map(ofRun), ...addonChanges(units).map(ofRun), ...own, ...retired.map(ofRun)];
}

function ofRun(change: Change): PlannedChange {
  return { ...change, unit: null };
}

function agentChanges({ action, addonVersion, configuration = null }: AgentPlan): Change[] {
  if (action !== 'install') return [];
  const object = `Addon/${AGENT}`;
  const version = { object, field: 'addonVersion', before: null, after: addonVersion };
  return configuration === null ? [version] : [version, { object, field: 'configurationValues', before: null, after: configuration }];
}

function trustChanges({ roleArn, trustBefore, trustAfter }: Pick<RolePlan, 'roleArn' | 'trustBefore' | 'trustAfter'>): Change[] {
  if (trustBefore === trustAfter) return [];
  return [{ object: `Role/${roleArn}`, field: TRUST_FIELD, before: trustBefore, after: trustAfter }];
}

/** The field of a role that is its trust policy (IAM API reference, Role). */
export const TRUST_FIELD = 'assumeRolePolicyDocument';

/** One update moves all service accounts of an add-on. */
function addonChanges(units: readonly UnitPlan[]): Change[] {
  const addons = new Map(units.flatMap(({ addon }) => (addon === undefined ? [] : [[addon.name, addon] as const])));
  return [...addons].flatMap(([name, { before, after }]) => [
    ...(before.serviceAccountRoleArn === after.serviceAccountRoleArn
      ? []
      : [
          {
            object: `Addon/${name}`,
            field: 'serviceAccountRoleArn',
            before: before.serviceAccountRoleArn,
            after: after.serviceAccountRoleArn,
          },
        ]),
    { object: `Addon/${name}`, field: 'podIdentityAssociations', before: before.associations, after: after.associations },
  ]);
}

/** What one unit changes, in the order in which it is written. */
function unitChanges(unit: UnitPlan): Change[] {
  const { namespace, serviceAccount, roleArn, addon, before, workloads, removeAnnotations } = unit;
  const isAssociated = addon !== undefined || before.associationId !== null;
  const [templates, made] = partition(metadataChanges(unit), ({ field }) => field.startsWith('template.'));
  const [moves, removals] = partition(templates, ({ after }) => after !== null);
  const association = { object: `PodIdentityAssociation/${namespace}/${serviceAccount}`, field: 'roleArn', before: null, after: roleArn };
  const restarts = workloads
    .filter(({ restart }) => restart !== 'none')
    .map(({ kind, name, restart }) => ({ object: `${kind}/${namespace}/${name}`, field: 'restart', before: null, after: restart }));
  const annotations = [...removeAnnotations].sort(compareText).map((key) => ({
    object: `ServiceAccount/${namespace}/${serviceAccount}`,
    field: `metadata.annotations.${key}`,
    before: before.annotations[key] ?? null,
    after: null,
  }));
  return [...made, ...(isAssociated ? [] : [association]), ...moves, ...restarts, ...removals, ...annotations];
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): readonly [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

/** What a unit of kube2iam or kiam changes besides trust, association and restarts, in the order in which it is written. */
export function metadataChanges({ namespace, serviceAccount, metadata }: UnitPlan): Change[] {
  if (metadata === undefined) return [];
  const subject = { kind: 'ServiceAccount', namespace, name: serviceAccount };
  const created =
    metadata.shape === null
      ? []
      : [{ object: `ServiceAccount/${namespace}/${serviceAccount}`, field: '', before: null, after: metadata.shape }];
  const bound = metadata.bindings.map(({ kind, namespace: space, name }) => ({
    object: space === null ? `${kind}/${name}` : `${kind}/${space}/${name}`,
    field: 'subjects',
    before: null,
    after: subject,
  }));
  const templates = metadata.templates.flatMap(({ kind, name, annotations, before, serviceAccount: after }) => {
    const object = `${kind}/${namespace}/${name}`;
    const fields = after === null ? [] : (['serviceAccountName', 'serviceAccount'] as const);
    return [
      ...fields.map((field) => ({ object, field: `template.spec.${field}`, before: before[field], after })),
      ...Object.entries(annotations).map(([key, value]) => ({
        object,
        field: `template.metadata.annotations.${key}`,
        before: value,
        after: null,
      })),
    ];
  });
  return [...created, ...bound, ...templates];
}

/** What the retirement of a daemon changes; the roles of a run that does nothing else are the plan's own. */
function retirementChanges(retirement: RetirementPlan | undefined, isAlone: boolean): Change[] {
  if (retirement === undefined || retirement.decision !== 'retire') return [];
  const { daemons, rule, roles } = retirement;
  const rules =
    rule === null
      ? []
      : [{ object: rule.interceptor, field: 'iptables rule on its nodes', before: ruleRemoval(rule.arguments), after: null }];
  const stopped = daemons
    .filter(({ action }) => action === 'stop')
    .map(({ kind, namespace, name }) => ({
      object: `${kind}/${namespace}/${name}`,
      ...(kind === 'DaemonSet'
        ? { field: `spec.template.spec.nodeSelector.${RETIRED_LABEL}`, before: null, after: 'the id of the run' }
        : { field: 'spec.replicas', before: 'as it is', after: 0 }),
    }));
  return [...rules, ...stopped, ...(isAlone ? [] : roles.flatMap(trustChanges))];
}
