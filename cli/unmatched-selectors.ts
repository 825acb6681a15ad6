import { changingMembers, chooseCanary } from '../src/fleet/waves.ts';
import type { Journal } from '../src/journal/journal.ts';
import { PodshiftError } from '../src/model/errors.ts';
import type { Plan } from '../src/model/plan.ts';
import { nearest } from '../src/model/text/nearest.ts';
import { overlay } from './progress.ts';

/** The same journal, which takes no plan whose options choose a name that the cluster does not have: it throws `UsageError`. */
export function withSelectorsChecked(journal: Journal): Journal {
  return overlay(journal, {
    async putDocument(runId, name, value) {
      if (name === 'plan') refuseUnmatched(unmatchedOf((value as Plan).findings));
      await journal.putDocument(runId, name, value);
    },
  });
}

/** The same journal of a fleet, which refuses a fleet whose options choose a name that none of its clusters has, or a canary that it cannot begin with: it throws `UsageError`. */
export function withFleetSelectorsChecked(journal: Journal): Journal {
  const plans = new Map<string, readonly string[]>();
  return overlay(journal, {
    async putDocument(runId, name, value) {
      if (name === 'plan')
        plans.set(
          runId,
          unmatchedOf((value as Plan).findings).map(({ message }) => message),
        );
      await journal.putDocument(runId, name, value);
    },
    async updateFleet(fleetId, changes) {
      if (changes.digest !== undefined) {
        refuseUnmatched(inNone([...plans.values()]));
        if (changes.canary === '') await refuseCanary(journal, fleetId);
      }
      return journal.updateFleet(fleetId, changes);
    },
  });
}

/** Throws `UsageError` where the named canary is none, unless it is there and no cluster has anything to migrate. */
async function refuseCanary(journal: Journal, fleetId: string): Promise<void> {
  const { spec } = await journal.getFleet(fleetId);
  if (spec.canary === null) return;
  const members = await journal.listMembers(fleetId);
  const changing = changingMembers(members);
  const chosen = chooseCanary(spec, changing.length === 0 ? members : changing);
  if (!('refusal' in chosen)) return;
  throw new PodshiftError('UsageError', chosen.refusal, {
    remedy: 'Name a cluster of the fleet, by its name or ARN, or leave --canary out. Nothing was changed.',
  });
}

/** The findings of a plan about names that are not in its cluster. */
export function unmatchedOf<Found extends { readonly code: string }>(findings: readonly Found[]): Found[] {
  return findings.filter(({ code }) => code === 'PS903');
}

/** Throws `UsageError` with what the findings say, where there are any. */
export function refuseUnmatched(findings: readonly { readonly message: string }[]): void {
  if (findings.length === 0) return;
  throw new PodshiftError('UsageError', findings.map(({ message }) => message).join('; '), {
    remedy: 'Correct the name, or run without it. Nothing was changed.',
  });
}

/** The units of a run, of those that were named. Throws `UsageError` for one that the run does not have; it names the nearest one. */
export function knownUnits(named: readonly string[], known: readonly string[]): string[] {
  for (const unit of named) {
    if (known.includes(unit)) continue;
    const meant = nearest(unit, known);
    throw new PodshiftError('UsageError', `the run has no unit "${unit}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`);
  }
  return [...named];
}

/** What was said of every plan: of a fleet's clusters it is enough that one has the name. The first cluster's words stand for all. */
function inNone([first = [], ...others]: readonly (readonly string[])[]): { readonly message: string }[] {
  const selectorOf = (message: string): string => message.slice(0, message.indexOf(' matches nothing'));
  return first
    .filter((message) => others.every((other) => other.some((said) => selectorOf(said) === selectorOf(message))))
    .map((message) => ({ message }));
}
