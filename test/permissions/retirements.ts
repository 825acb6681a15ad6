import { RETIRING, retirable } from '../simulation/retire-scenario.ts';
import { diesAt, PRESS, refused, run, type Scenario, takenBack, takenUp } from './scenario.ts';

const WITH_KUBE2IAM = { ...RETIRING, retireDaemon: 'kube2iam' } as const;

/** Retirements of daemons, and what can befall them. */
export const RETIREMENTS: readonly Scenario[] = [
  [
    'kube2iam retired after the migration, and the way back of one unit, then of all',
    async (recorder) =>
      recorder.rehearse(run(await retirable(PRESS), WITH_KUBE2IAM), async (rehearsal) => {
        await rehearsal.rollback(rehearsal.runId, ['press/binder']);
        await rehearsal.rollback();
      }),
  ],
  [
    'kube2iam retired by another run, and the way back of the first one, which is refused',
    async (recorder) =>
      recorder.rehearse(run(await retirable(PRESS), RETIRING), async (rehearsal) => {
        await rehearsal.rerun({ ...WITH_KUBE2IAM, retireOnly: true });
        await rehearsal.rollback();
      }),
  ],
  [
    'kiam retired after the migration, and the way back',
    async (recorder) =>
      recorder.rehearse(run(await retirable('examples/press-kiam-3'), { ...RETIRING, retireDaemon: 'kiam' }), (rehearsal) =>
        rehearsal.rollback(),
      ),
  ],
  [
    'a process that dies before it clears the nodes, and another one that takes the run up',
    async (recorder) => recorder.rehearse(run(await retirable(PRESS), WITH_KUBE2IAM, diesAt('RemoveRules')), takenUp),
  ],
  [
    'a process that dies while it clears the nodes, and the way back',
    async (recorder) => recorder.rehearse(run(await retirable(PRESS), WITH_KUBE2IAM, diesAt('WaitForRules')), takenBack),
  ],
  [
    'a daemon that can neither be stopped nor brought back',
    async (recorder) => {
      const { beforeRequest } = refused('denied', 'patch daemonsets', 'delete pods');
      let stopping = false;
      return recorder.rehearse(
        run(await retirable(PRESS), WITH_KUBE2IAM, {
          hooks: { beforeRequest: (request) => (stopping ? beforeRequest?.(request) : undefined) },
          onState: (_twin, state) => {
            stopping ||= state === 'StopDaemon';
          },
        }),
        (rehearsal) => rehearsal.rollback(),
      );
    },
  ],
];
