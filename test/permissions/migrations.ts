import type { Rehearsal } from '../../engine/rehearsal.ts';
import { isPodshiftError } from '../../src/model/errors.ts';
import { migrationOptions } from '../../src/model/options.ts';
import type { Twin } from '../../twin/twin.ts';
import type { Driver } from './recorder.ts';
import {
  approve,
  diesAt,
  nobody,
  OPTIONS,
  PRESS,
  refused,
  replyLost,
  run,
  type Scenario,
  SHOP,
  takenBack,
  takenUp,
  WITHHELD,
} from './scenario.ts';
import {
  agentNeverReady,
  annotate,
  associateFirst,
  dissociate,
  failReadiness,
  letOnePodMissInjection,
  loseAPod,
  otherWorkloads,
  ready,
  takeOffDuty,
  talkative,
  updateOfSomebodyElse,
  withoutDaemon,
  writesAheadOf,
} from './world.ts';

const HOUR = 3600;

/** The retirement of a daemon looks at the whole cluster once more. */
function lookAtDaemon({ runId }: Rehearsal, { call }: Driver): Promise<unknown> {
  return call('openRetirement', { runId, daemon: 'kube2iam' });
}

/** Another run, of one service account alone. */
function anotherOne({ runtime, target }: Rehearsal, { execute }: Driver): Promise<unknown> {
  const options = migrationOptions.parse({ ...OPTIONS, serviceAccounts: ['shop/covers'] });
  const input = { runId: runtime.ids.next(), target, mode: 'run', approval: 'required', expectedDigest: null, options };
  return execute({ name: 'migrate-cluster', input, approve });
}

/** A step of a run that the journal does not have. */
async function askOfNoRun(_rehearsal: Rehearsal, { call }: Driver): Promise<void> {
  await call('requestApproval', { runId: 'nobody', taskToken: 'token' }).catch((error: unknown) => {
    if (!isPodshiftError(error, 'RunNotFound')) throw error;
  });
}

/** A run whose execution, as EventBridge tells it, did not succeed. */
async function takenBackByRule({ runtime, target }: Rehearsal, { execute }: Driver): Promise<unknown> {
  const executionArn = 'arn:aws:states:eu-central-1:444455556666:execution:podshift-migrate-cluster-prod:first';
  const options = migrationOptions.parse({ ...OPTIONS, namespaces: ['media'] });
  const input = { runId: runtime.ids.next(), target, mode: 'run', approval: 'none', expectedDigest: null, options };
  await execute({ name: 'migrate-cluster', executionId: executionArn, input });
  return execute({ name: 'rollback-run', input: { executionArn, status: 'ABORTED', error: null, input: JSON.stringify(input) } });
}

/** Pods that missed the injection: at the restart, while the unit soaks, and at the second restart. */
function missedInjections(twin: Twin, state: string, unitId: string): void {
  const [namespace = '', serviceAccount = ''] = unitId.split('/');
  if (state === 'RestartWorkloads' || state === 'RemoveAnnotations') letOnePodMissInjection(twin, namespace, serviceAccount);
  if (state !== 'UnitsSoak') return;
  letOnePodMissInjection(twin, namespace, serviceAccount);
  loseAPod(twin, namespace, serviceAccount);
}

/** Migrations, their ways back, and what can befall them. */
export const MIGRATIONS: readonly Scenario[] = [
  [
    'an approved migration, the old trust retired, a second run, and the way back',
    (recorder) =>
      recorder.rehearse(run(SHOP, { soakSeconds: 2 * HOUR, retireOldTrust: true }, { approve }), async (rehearsal) => {
        await rehearsal.rerun();
        await rehearsal.rollback();
      }),
  ],
  [
    'an approved migration of one service account, after another one since whose run the agent is on every node',
    (recorder) => recorder.rehearse(run(SHOP, { serviceAccounts: ['media/thumbnails'] }, { approve, prepare: withoutDaemon }), anotherOne),
  ],
  [
    'an approved migration from kube2iam with splits, and the way back',
    (recorder) => recorder.rehearse(run(PRESS, {}, { approve }), (rehearsal) => rehearsal.rollback()),
  ],
  [
    'an approved plan of a cluster that says much, and a look at its daemon',
    async (recorder) =>
      recorder.rehearse(run(SHOP, {}, { approve, ...(await talkative(SHOP)), ...diesAt('ConfirmApproval') }), lookAtDaemon),
  ],
  [
    'an approved plan without the permissions that can be withheld, and a look at the daemon',
    (recorder) => recorder.rehearse(run(SHOP, {}, { approve, hooks: WITHHELD, ...diesAt('ConfirmApproval') }), lookAtDaemon),
  ],
  [
    'a migration without the permissions that can be withheld',
    (recorder) => recorder.rehearse(run(SHOP, { namespaces: ['media'] }, { hooks: WITHHELD })),
  ],
  ['a plan that nobody approves', (recorder) => recorder.rehearse(run(SHOP, {}, { approve: nobody }))],
  [
    'workloads of every other kind',
    (recorder) => recorder.rehearse(run(SHOP, { namespaces: ['media'] }, { prepare: otherWorkloads('media', 'thumbnails') })),
  ],
  [
    'a window that closes after the first wave',
    (recorder) => recorder.rehearse(run(SHOP, { namespaces: ['shop', 'media'], windowMinutes: 1 })),
  ],
  ['a run that is not there', (recorder) => recorder.rehearse(run(SHOP, {}, { mode: 'plan' }), askOfNoRun)],
  [
    'a process that dies after its plan, and another one that takes the run up',
    (recorder) => recorder.rehearse(run(SHOP, { namespaces: ['media'] }, diesAt('NextStep')), takenUp),
  ],
  [
    'an add-on that somebody else updates',
    (recorder) => recorder.rehearse(run(SHOP, { namespaces: ['kube-system'] }, { prepare: updateOfSomebodyElse('aws-efs-csi-driver') })),
  ],
  [
    'an update of an add-on whose reply is lost',
    (recorder) =>
      recorder.rehearse(run(SHOP, { namespaces: ['kube-system'] }, { hooks: replyLost(({ operation }) => operation === 'UpdateAddon') })),
  ],
  [
    'a service account whose creation is not told',
    (recorder) => recorder.rehearse(run(PRESS, {}, { hooks: replyLost(({ operation }) => operation === 'create serviceaccounts', 1) })),
  ],
  [
    'a role that IAM does not write',
    (recorder) => {
      const hooks = refused('server-error', 'UpdateAssumeRolePolicy');
      return recorder.rehearse(run(SHOP, { onWaveFailure: 'rollback', failureThresholdPercent: 0 }, { hooks }));
    },
  ],
  [
    'trust policies that somebody else writes between a read and a write, on the way forward and back',
    (recorder) => {
      const meeting = writesAheadOf('shop-media');
      const settings = run(SHOP, { namespaces: ['media'], soakSeconds: 600 }, meeting);
      return recorder.rehearse(settings, (rehearsal) => rehearsal.rollback());
    },
  ],
  [
    'an association that somebody else makes meanwhile',
    (recorder) => {
      const onState = (twin: Twin, state: string, unitId: string): void => {
        if (state === 'Associate' && unitId === 'search/indexer') associateFirst(twin, 'search', 'indexer', 'shop-search');
      };
      return recorder.rehearse(run(SHOP, { namespaces: ['search'] }, { onState }));
    },
  ],
  [
    'an association that somebody deletes right before the old annotation goes',
    (recorder) => {
      const onState = (twin: Twin, state: string, unitId: string): void => {
        if (state === 'RemoveAnnotations' && unitId === 'media/thumbnails') dissociate(twin, 'media', 'thumbnails');
      };
      return recorder.rehearse(run(SHOP, { namespaces: ['media'] }, { onState }));
    },
  ],
  [
    'a process that dies as it opens its first unit, before anything was written',
    async (recorder) =>
      recorder.rehearse(
        run(SHOP, { namespaces: ['search'] }, { ...(await ready(SHOP, 'shop-search')), ...diesAt('Associate') }),
        takenBack,
      ),
  ],
  [
    'a process that dies while a probe pod runs',
    async (recorder) =>
      recorder.rehearse(
        run(SHOP, { namespaces: ['search'] }, { ...(await ready(SHOP, 'shop-search')), ...diesAt('WaitForProof') }),
        takenBack,
      ),
  ],
  [
    'a process that dies while it waits for an approval',
    (recorder) => recorder.rehearse(run(SHOP, {}, { approve, ...diesAt('AwaitApproval') }), takenBack),
  ],
  ['an execution that somebody aborts', (recorder) => recorder.rehearse(run(SHOP, {}, { mode: 'plan' }), takenBackByRule)],
  ['an agent that never becomes ready', (recorder) => recorder.rehearse(run(SHOP, {}, { prepare: agentNeverReady }))],
  [
    'pods that missed the injection',
    (recorder) => recorder.rehearse(run(PRESS, {}, { onState: missedInjections }), (rehearsal) => rehearsal.rollback()),
  ],
  [
    'pods that nothing but an eviction renews, and the way back',
    (recorder) =>
      recorder.rehearse(
        run(SHOP, { namespaces: ['search'], allowPodDeletion: true }, { prepare: takeOffDuty('search', 'indexer') }),
        (rehearsal) => rehearsal.rollback(),
      ),
  ],
  [
    'new pods that do not become ready',
    (recorder) => recorder.rehearse(run(SHOP, { namespaces: ['shop'] }, { prepare: failReadiness('orders') })),
  ],
  [
    'a probe whose image cannot be pulled',
    (recorder) => recorder.rehearse(run(SHOP, { namespaces: ['media'] }, { unpullableImages: (image) => image.includes('aws-cli') })),
  ],
  [
    'an annotation that somebody sets, which no way back may overwrite',
    (recorder) =>
      recorder.rehearse(run(SHOP, { namespaces: ['media'] }), (rehearsal) => {
        annotate(rehearsal.twin, 'media', 'thumbnails', { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::444455556666:role/another' });
        return rehearsal.rollback();
      }),
  ],
];
