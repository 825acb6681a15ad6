import type { OwnerFact, ServiceAccountFacts, WorkloadFacts } from '../../model/inventory.ts';
import type { MetadataFacts, MetadataInventory, ServiceAccountShape } from '../../model/metadata.ts';
import type { MigrationOptions } from '../../model/options.ts';
import type { MetadataPlan, TemplatePlan } from '../../model/plan.ts';
import type { Restart } from '../restarts.ts';
import { idOf, type World } from '../world.ts';

/** A service account that does not exist yet, and what it is made of. */
export interface Split {
  readonly facts: ServiceAccountFacts;
  readonly plan: Omit<MetadataPlan, 'templates'>;
}

/** The service account that is split from another one. */
export function splitOf(old: ServiceAccountFacts, name: string, { inventory }: World): Split {
  const { bindings } = inventory.metadata as MetadataInventory;
  return {
    facts: { namespace: old.namespace, name, uid: '', resourceVersion: '', annotations: {}, owners: [], addon: null },
    plan: {
      splitFrom: old.name,
      shape: withOrigin(old),
      bindings: bindings
        .filter((binding) => binding.serviceAccounts.includes(idOf(old)))
        .map(({ kind, namespace, name: binding }) => ({ kind, namespace, name: binding })),
    },
  };
}

/** Marks the copy with what it was made of, so that everybody can see it. */
function withOrigin(old: ServiceAccountFacts): ServiceAccountShape {
  const shape = old.shape ?? { labels: {}, annotations: {}, imagePullSecrets: [], secrets: [], automountServiceAccountToken: null };
  return { ...shape, annotations: { ...shape.annotations, 'podshift/split-from': old.name } };
}

/** What podshift can do to the pod template of a workload that asks a daemon. */
export interface TemplateFacts {
  readonly changeable: boolean;
  /** The daemon's annotations of the template, key to value. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The owner at whose source they are to be removed. */
  readonly owner: OwnerFact | undefined;
  /**
   * What becomes of them after proof:
   * - `absent`: there are none
   * - `kept`: they stay as the options say
   * - `out-of-reach`: they stay, as an owner would put them back or podshift does not change the template
   * - `folded`, `removed`: they go, with the first restart or by one of their own
   */
  readonly fate: 'absent' | 'kept' | 'out-of-reach' | 'folded' | 'removed';
}

const CHANGEABLE = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob']);

/** What podshift can do to a workload's pod template, which depends on how the workload is restarted. */
export function templateFacts(workload: WorkloadFacts, { method }: Restart, options: MigrationOptions): TemplateFacts {
  // The owner of a set puts its template back.
  const changeable = CHANGEABLE.has(workload.kind) && method !== 'evict' && workload.controlledBy === null;
  const annotations = (workload.metadata as MetadataFacts).template ?? {};
  const [owner] = workload.owners;
  return { changeable, annotations, owner, fate: fateOf({ changeable, annotations, owner }, options) };
}

function fateOf({ changeable, annotations, owner }: Omit<TemplateFacts, 'fate'>, options: MigrationOptions): TemplateFacts['fate'] {
  if (Object.keys(annotations).length === 0) return 'absent';
  if (options.keepAnnotations) return 'kept';
  if (owner !== undefined || !changeable) return 'out-of-reach';
  return options.foldAnnotationRemoval ? 'folded' : 'removed';
}

/** What happens to a template; undefined where nothing does. `serviceAccount` is the one that a split gives its pods, else null. */
export function templatePlan(
  workload: WorkloadFacts,
  { annotations, fate }: TemplateFacts,
  serviceAccount: string | null,
): TemplatePlan | undefined {
  const goes = fate === 'folded' || fate === 'removed';
  if (serviceAccount === null && !goes) return undefined;
  return {
    kind: workload.kind,
    name: workload.name,
    annotations: goes ? annotations : {},
    before: (workload.metadata as MetadataFacts).fields,
    serviceAccount,
  };
}
