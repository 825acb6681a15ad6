import type { Happening, History } from './history.ts';
import { type Outcome, simulate } from './simulate.ts';

/** The shortest history that still shows a problem of the same promise, and what it shows. */
export async function shrink(history: History, outcome: Outcome): Promise<{ history: History; outcome: Outcome; runs: number }> {
  const promises = new Set(outcome.problems.map(promiseOf));
  let best = { history, outcome };
  let runs = 0;
  const attempt = async (candidate: History): Promise<boolean> => {
    runs += 1;
    const found = await simulate(candidate).catch(() => undefined);
    if (found === undefined || !found.problems.some((problem) => promises.has(promiseOf(problem)))) return false;
    best = { history: candidate, outcome: found };
    return true;
  };
  for (let progress = true; progress && runs < 60; ) {
    progress = false;
    for (const candidate of smaller(best.history)) {
      if (await attempt(candidate)) {
        progress = true;
        break;
      }
    }
  }
  return { ...best, runs };
}

function promiseOf(problem: string): string {
  return problem.slice(0, problem.indexOf(':'));
}

/** Histories with one thing less: a happening, then a unit that no happening is about, then pods. */
function* smaller(history: History): Generator<History> {
  const { happenings, world } = history;
  for (let index = 0; index < happenings.length; index += 1)
    yield { ...history, happenings: happenings.filter((_one: Happening, place: number) => place !== index) };
  if (world.units.length > 1)
    for (let index = 0; index < world.units.length; index += 1) {
      const about = happenings.some((one) => one.kind === 'act' && one.unit === index);
      if (about) continue;
      const units = world.units.filter((_unit, place) => place !== index);
      const moved = happenings.map((one) => (one.kind === 'act' && one.unit > index ? { ...one, unit: one.unit - 1 } : one));
      yield { ...history, world: { ...world, units }, happenings: moved };
    }
  if (!world.agent) yield { ...history, world: { ...world, agent: true } };
}
