import { describe, expect, it } from 'vitest';
import { generateSnapshot } from '../../bench/rehearsal.bench.ts';
import { rehearse } from '../../engine/rehearsal.ts';
import { projectService, type Service, type ServiceHandler } from '../../engine/service.ts';
import { checkPromises, settingsOf } from './scenario.ts';

const SCENE = { name: 'two units', snapshot: async () => generateSnapshot(2), options: { soakSeconds: 60, injectionChecks: 3 } };

/** What Step Functions reports of an invocation that did not end: after its work was done, or before it began. */
const DEATHS = [
  ["a function's own time-out", 'Sandbox.Timedout', 'after'],
  ['a crash', 'Runtime.ExitError', 'after'],
  ['a sleeping network interface', 'Lambda.ENINotReadyException', 'before'],
] as const;

/** The project's service, of which each function dies at its first call after `arm`, under that name. */
async function dying(error: string, when: 'before' | 'after') {
  const project = await projectService();
  const alive = new Set<string>();
  const died: string[] = [];
  const service: Service = {
    stateMachine: (name) => project.stateMachine(name),
    handler: async (id): Promise<ServiceHandler> => {
      const handler = await project.handler(id);
      return {
        withRuntime: (runtime) => {
          const call = handler.withRuntime(runtime);
          return async (event) => {
            if (alive.has(id)) return call(event);
            alive.add(id);
            died.push(id.replace('LambdaFunction', ''));
            if (when === 'after') await call(event);
            throw Object.assign(new Error('the invocation did not end'), { name: error });
          };
        },
      };
    },
  };
  return { service, died, arm: () => void alive.clear() };
}

describe('functions that die', () => {
  it.each(DEATHS)('%s does not undo a healthy unit, and ends no rollback (%s)', async (_what, error, when) => {
    const { service, died, arm } = await dying(error, when);
    const rehearsal = await rehearse({ ...(await settingsOf(SCENE)), service });
    try {
      expect(died).toEqual(
        expect.arrayContaining(['OpenRun', 'Associate', 'CheckInjection', 'RestartWorkloads', 'RemoveAnnotations', 'CloseRun']),
      );
      expect(rehearsal.report.units.map(({ status }) => status)).toEqual(['migrated', 'migrated']);
      await checkPromises(rehearsal);
      arm();
      died.length = 0;
      const back = await rehearsal.rollback();
      expect(died).toEqual(expect.arrayContaining(['OpenRollback', 'UndoUnits', 'RevokeTrust', 'RemoveAgent', 'CloseRollback']));
      expect(back.report.units.map(({ status }) => status)).toEqual(['rolled-back', 'rolled-back']);
      expect(rehearsal.twin.watch.compareWithBaseline()).toEqual([]);
      expect(rehearsal.twin.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
    } finally {
      await rehearsal.close();
    }
  });
});
