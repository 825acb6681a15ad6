import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Machine, State } from '../../engine/asl.ts';
import { allStates } from '../../engine/check.ts';
import { loadPackagedService } from '../../engine/packaged-service.ts';
import type { Progress } from '../../engine/progress.ts';
import type { Service } from '../../engine/service.ts';
import { findPython } from '../python/python.ts';
import { packaged } from '../support/packaged.ts';
import { type Cloud, MACHINES, startCloud } from './cloud.ts';
import { clusterPlays, type Play, rollbackPlays, unitPlays } from './plays.ts';
import { fleetPlays, scanPlays } from './plays-service.ts';
import { functionsOf, playInCloud, playLocally } from './script.ts';

const python = await findPython(process.env, (line) => process.stderr.write(`${line}\n`));
const { folder, template } = await packaged();
const service: Service = await loadPackagedService(folder);
const machines = new Map(await Promise.all(MACHINES.map(async (name) => [name, await service.stateMachine(name)] as const)));
const states = machines.get('migrate-cluster')?.States;
const [migrating, confirming] = [states?.MigrateUnits?.ItemProcessor, states?.ConfirmUnits?.ItemProcessor];
if (migrating === undefined || confirming === undefined) throw new TypeError('there is no machine of a batch');
const plays = [
  ...clusterPlays(functionsOf(migrating), functionsOf(confirming)),
  ...rollbackPlays(),
  ...unitPlays(),
  ...scanPlays(),
  ...fleetPlays(),
];

describe('the scripted plays', () => {
  it('are of every packaged definition', () => {
    const deployed = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::StepFunctions::StateMachine');
    expect(new Set(plays.map(({ machine }) => machine)).size).toBe(deployed.length);
  });

  it('take every transition of every packaged definition', { timeout: 300_000 }, async () => {
    const taken = new Set<string>();
    for (const play of plays) {
      const last = new Map<string, string>();
      await playLocally(play, service, ({ type, state, execution }: Progress) => {
        if (type !== 'state-entered') return;
        const before = last.get(execution);
        taken.add(`${play.machine}: ${before === undefined ? '' : `${before} -> `}${state}`);
        last.set(execution, state);
      });
    }
    for (const [name, machine] of machines) {
      expect(
        transitionsOf(machine)
          .map((transition) => `${name}: ${transition}`)
          .filter((transition) => !taken.has(transition)),
      ).toEqual([]);
    }
  });
});

describe.skipIf('missing' in python)("podshift's engine and moto's Step Functions take the same way", () => {
  let cloud: Cloud | undefined;
  beforeAll(async () => {
    cloud = await startCloud('bin' in python ? python.bin : '');
  });
  afterAll(() => cloud?.close());

  const short = plays.filter(({ waitsLong }) => waitsLong !== true);
  it.concurrent.each(short.map((play, index) => [`${play.machine}: ${play.title}`, play, index] as const))(
    '%s',
    async (_title, play: Play, index) => {
      if (cloud === undefined) throw new TypeError('moto is not started');
      const local = await playLocally(play, service, () => undefined);
      const history = Object.fromEntries(Object.entries(local.history).filter(([type]) => !(play.reckoned ?? []).includes(type)));
      expect(await playInCloud(play, cloud, service, `play-${index}`)).toEqual({ ...local, history });
    },
  );
});

/** Every transition that a definition has: `FROM -> TO`, and the first states of it and of its Maps' processors. */
function transitionsOf(machine: Machine): string[] {
  const from = [...allStates(machine)].flatMap(([name, state]) => nextOf(state).map((next) => `${name} -> ${next}`));
  const processors = [...allStates(machine)].flatMap(([, { ItemProcessor }]) =>
    ItemProcessor === undefined ? [] : [ItemProcessor.StartAt],
  );
  return [...new Set([machine.StartAt, ...processors, ...from])];
}

/** What can follow a state. A Map's own Catch is left out: no function can bring about what Step Functions itself lets a Map fail with. */
function nextOf(state: State): string[] {
  const { Choices = [], Default } = state as { Choices?: readonly { Next: string }[]; Default?: string };
  const caught = state.Type === 'Map' ? [] : (state.Catch ?? []);
  return [state.Next, Default, ...Choices.map(({ Next }) => Next), ...caught.map(({ Next }) => Next)].filter((next) => next !== undefined);
}
