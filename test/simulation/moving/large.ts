import { migrationOptions } from '../../../src/model/options.ts';
import type { PlannedDuration } from '../../../src/model/report.ts';
import { plannedDuration } from '../../../src/plan/duration.ts';
import type { Happening, History } from './history.ts';
import { createRandom } from './random.ts';
import { historyOf, irsaUnit } from './scenario.ts';
import type { Outcome } from './simulate.ts';

const nameOf = (index: number): string => `app-${String(index).padStart(4, '0')}`;
const namespaceOf = (index: number): string => `team-${String(Math.floor(index / 10)).padStart(3, '0')}`;

/**
 * A cluster of so many service accounts on IRSA, two pods each, ten a namespace, so many a role; its requests are paced, and its options the
 * defaults.
 */
export function largeHistory(count: number, { perRole = 1, happenings = [] as readonly Happening[], options = {} } = {}): History {
  const units = Array.from({ length: count }, (_, index) =>
    irsaUnit(nameOf(index), { namespace: namespaceOf(index), role: nameOf(index - (index % perRole)) }),
  );
  return historyOf(happenings, { world: { units, nodes: 10, agent: true }, options, paced: true });
}

/** What of a unit is refused, at one stage of its migration each. */
const REFUSED = ['UpdateAssumeRolePolicy', 'CreatePodIdentityAssociation', 'patch deployments', 'patch serviceaccounts'] as const;

/** One unit in twenty, by the seed, fails at a stage of its own; never the first one, which is the canary. */
export function someFail(count: number, seed: number): Extract<Happening, { kind: 'refused' }>[] {
  const random = createRandom(`some fail ${seed}`);
  return Array.from({ length: count }, (_, index) => index).flatMap((index) => {
    const operation = random.pick(REFUSED);
    if (!random.chance(0.05) || index === 0) return [];
    const object = operation === 'UpdateAssumeRolePolicy' ? nameOf(index) : `${namespaceOf(index)}/${nameOf(index)}`;
    return [{ kind: 'refused', operation, object }];
  });
}

/** The unit that is refused something. */
export function unitOf({ object }: { readonly object: string }): string {
  const name = object.split('/').at(-1) ?? '';
  return `${namespaceOf(Number(name.slice('app-'.length)))}/${name}`;
}

/** How long a run took, in seconds of its world, and how long its plan says that it takes. */
export function durationOf({ runs, units }: Outcome, history: History): { readonly took: number; readonly planned: PlannedDuration } {
  const [run] = runs;
  const took = (Date.parse(run?.endedAt ?? '') - Date.parse(run?.startedAt ?? '')) / 1000;
  return {
    took,
    planned: plannedDuration(
      units.map(({ plan }) => plan),
      migrationOptions.parse(history.options),
    ),
  };
}
