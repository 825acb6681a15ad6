import { WANTED_GROUPS } from '../../inventory/cluster-objects.ts';
import { hasCustomResources } from '../../inventory/consumers/scope.ts';
import { CUSTOM_JUDGES, configMapJudges, customJudgement, daemonJudgement, isReadWhole, podJudgement } from '../../inventory/judgements.ts';
import { daemonContainer } from '../../inventory/metadata/daemons.ts';
import { isWayVariable } from '../../inventory/overrides.ts';
import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import { type Leaf, podLeaves, replaceLeaves, textLeaves, walk } from './leaves.ts';
import { replacementOf, type Token } from './replacement.ts';

/** Takes out of a cluster's objects what can be a secret and is not judged. */
export interface Redaction {
  /** A copy without them: of a ConfigMap, once the daemons were seen that may be set by it. */
  object(object: KubernetesObject): KubernetesObject;
}

/** Redacts by these tokens; `prefix` is that of the webhook's annotations. */
export function createRedaction(token: Token, prefix: string): Redaction {
  const daemons: KubernetesObject[] = [];

  const redact = (given: KubernetesObject): KubernetesObject => {
    const object = structuredClone(given) as KubernetesObject & Record<string, unknown>;
    if (daemonContainer(given) !== undefined) daemons.push(given);
    if (object.kind === 'ConfigMap') configMap(object);
    else if (isCustom(object)) custom(object);
    else replaceLeaves(podLeaves(object, token), () => podJudgement(object, prefix));
    embedded(object);
    return object;
  };

  const configMap = (object: KubernetesObject): void => {
    const data: Record<string, unknown> = object.data ?? {};
    const leaves = Object.entries(data).flatMap(([key, text]): Leaf[] => {
      if (typeof text !== 'string' || text === '' || isReadWhole(object, key) || isWayVariable(key)) return [];
      return [{ holder: data, key, text, replacement: replacementOf(text, configMapJudges(object, key), token) }];
    });
    const binary: Record<string, unknown> = object.binaryData ?? {};
    for (const [key, text] of Object.entries(binary)) binary[key] = Buffer.from(token(String(text))).toString('base64');
    replaceLeaves(leaves, () => daemonJudgement(daemons, object));
  };

  const custom = (object: KubernetesObject): void => {
    // Policies, and what a mesh lets through, are judged as they stand.
    const leaves = WANTED_GROUPS.has(groupOf(object))
      ? podLeaves(object, token)
      : textLeaves(object as never, (text) => replacementOf(text, CUSTOM_JUDGES, token));
    replaceLeaves(leaves, () => customJudgement(object));
  };

  /** Annotations that hold an object as it was applied, with all that it held. */
  const embedded = (object: KubernetesObject): void =>
    walk(object, ({ annotations }) => {
      if (typeof annotations !== 'object' || annotations === null) return;
      for (const [key, text] of Object.entries(annotations as Record<string, unknown>)) {
        if (typeof text !== 'string') continue;
        const inner = objectIn(text);
        if (inner !== undefined) (annotations as Record<string, unknown>)[key] = JSON.stringify(redact(inner));
        else if (APPLIED.test(key)) (annotations as Record<string, unknown>)[key] = token(text);
      }
    });
  return { object: redact };
}

/** Keys under which tools keep what they applied, packed or not. */
const APPLIED = /(last-applied|\/applied|\/original)/;

function isCustom(object: KubernetesObject): boolean {
  const group = groupOf(object);
  return hasCustomResources(group) && !(group === 'argoproj.io' && object.kind === 'Rollout');
}

function groupOf({ apiVersion }: KubernetesObject): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] as string) : '';
}

/** The object that a text is the JSON of; undefined for any other text. */
function objectIn(text: string): KubernetesObject | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const value: Partial<KubernetesObject> | null = JSON.parse(text);
    if (typeof value?.kind !== 'string' || typeof value.apiVersion !== 'string') return undefined;
    return { ...value, metadata: value.metadata ?? { name: '' } } as KubernetesObject;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
