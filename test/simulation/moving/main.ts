import { parseArgs } from 'node:util';
import { drawHistory, WORLDS, type WorldName } from './draw.ts';
import { shrink } from './shrink.ts';
import { type Outcome, simulate, warmUp } from './simulate.ts';

const USAGE = `usage: npm run simulate -- [--seed N] [--seeds N] [--minutes M] [--world ${['any', 'small', ...WORLDS].join('|')}] [--history JSON] [--verbose]
  --seed      the first seed; 1 where absent
  --seeds     how many; where absent, as many as --minutes allows, or one
  --minutes   stop beginning new seeds after so many minutes
  --world     draw worlds of this kind alone; small: all but waves
  --history   live through this history and tell it
  --no-shrink print failing histories as they were drawn
  --verbose   tell what happened in the shortest history of each failing seed`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    world: { type: 'string', default: 'any' },
    history: { type: 'string' },
    'no-shrink': { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help || !['any', 'small', ...WORLDS].includes(values.world)) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(values.help ? 0 : 2);
}
// Errors are many here, and nobody reads where they were made.
Error.stackTraceLimit = 0;

const show = (outcome: Outcome): void => {
  for (const problem of outcome.problems) process.stdout.write(`  ${problem}\n`);
  if (values.verbose) process.stdout.write(`${outcome.told.map((line) => `    ${line}`).join('\n')}\n`);
};

if (values.history !== undefined) {
  const outcome = await simulate(JSON.parse(values.history));
  process.stdout.write(`${outcome.told.join('\n')}\n`);
  for (const run of outcome.runs) process.stdout.write(`run ${run.runId}: ${run.status} ${run.reason}\n`);
  for (const unit of outcome.units) process.stdout.write(`unit ${unit.unitId}: ${unit.status} ${unit.reason}\n`);
  for (const problem of outcome.problems) process.stdout.write(`${problem}\n`);
  process.exit(outcome.problems.length === 0 ? 0 : 1);
}

const first = Number(values.seed);
const until = values.minutes === undefined ? Number.POSITIVE_INFINITY : Date.now() + Number(values.minutes) * 60_000;
const count = values.seeds === undefined ? (values.minutes === undefined ? 1 : Number.POSITIVE_INFINITY) : Number(values.seeds);
const failed: number[] = [];
let hung = 0;
let longest = 0;
let cpu = 0;
let seed = first;
let isStopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    isStopped = true;
  });
await warmUp();
for (; seed < first + count && Date.now() < until && !isStopped; seed += 1) {
  if (seed > first && (seed - first) % 100 === 0) process.stderr.write(`${seed - first} seeds, ${failed.length} failed\n`);
  const history = drawHistory(seed, values.world as WorldName | 'any' | 'small');
  const begun = process.cpuUsage();
  const outcome = await simulate(history);
  const { user, system } = process.cpuUsage(begun);
  cpu += (user + system) / 1e6;
  longest = Math.max(longest, (user + system) / 1e6);
  if (outcome.problems.length === 0) continue;
  failed.push(seed);
  if (outcome.problems.some((problem) => problem.startsWith('P6: hangs'))) hung += 1;
  const found = values['no-shrink'] ? { history, outcome, runs: 0 } : await shrink(history, outcome);
  process.stdout.write(`seed ${seed} fails: ${JSON.stringify(found.history)}\n`);
  show(found.outcome);
}
const done = seed - first;
const perRun = `${(cpu / Math.max(1, done)).toFixed(3)} s of CPU a run (${longest.toFixed(2)} s the longest)`;
const which = failed.length === 0 ? '' : ` (${failed.join(' ')})`;
process.stdout.write(`${done} seeds ${first}..${seed - 1}, ${failed.length} failed${which}, ${hung} hung, ${perRun}\n`);
process.exit(failed.length === 0 ? 0 : 1);
