import { startLocalApi } from '../../engine/local-api.ts';
import { createLocalRuntime, type LocalRuntime } from '../../engine/local-runtime.ts';
import { openMemoryJournal } from '../../engine/memory-journal.ts';
import { createSystemClock } from '../../twin/clock.ts';
import { loadSnapshot } from '../../twin/snapshot.ts';
import { startTwin } from '../../twin/twin.ts';
import { type CommandContext, numberFlag, type RunCommand } from '../context.ts';
import { narrate } from '../progress.ts';
import { loggerOf } from '../sessions.ts';
import { saySnapshotGaps } from '../snapshot-findings.ts';
import { version } from '../version.ts';
import { untilStopped } from './twin.ts';

/** `podshift serve SNAPSHOT`: the service's API over the twin of a snapshot, in real time or faster, until it is told to stop. */
export const serve: RunCommand = async (context, invocation) => {
  const snapshot = await loadSnapshot(invocation.arguments[0] ?? '');
  saySnapshotGaps(snapshot, context.terminal);
  const clock = createSystemClock(numberFlag(invocation, 'speed') ?? 1);
  const served = await startTwin({ snapshot, clock });
  const local = openMemoryJournal({ clock });
  const settings = {
    clock: clock.engine,
    endpoint: served.awsEndpoint,
    credentials: served.credentials,
    retryDelays: 'standard' as const,
    podshift: await version(),
    logger: loggerOf(context, clock),
  };
  const runtime = createLocalRuntime({ ...settings, journal: narrate(local.journal, clock, context.terminal) });
  const executions = await runtime.executions();
  // Beside that of the runs, so that each counts its own requests.
  const own: LocalRuntime = { ...createLocalRuntime({ ...settings, journal: local.journal }), executions: async () => executions };
  try {
    const api = await startLocalApi({ runtime: own, port: numberFlag(invocation, 'port') ?? 0 });
    try {
      const { clusterName: cluster, region } = served;
      await context.terminal.data(`${JSON.stringify({ url: api.url, cluster, region })}\n`);
      sayHowToUse(api.url, cluster, region, context);
      await untilStopped(context.interrupts.signal);
    } finally {
      await api.close();
    }
  } finally {
    await executions.close();
    clock.close();
    await local.close();
    await served.close();
  }
  return 'done';
};

function sayHowToUse(url: string, cluster: string, region: string, { terminal }: CommandContext): void {
  const body = JSON.stringify({ target: { clusterName: cluster, region }, mode: 'run' });
  for (const line of [
    `the service over the twin of ${cluster} is up; Ctrl-C stops it, and forgets its runs`,
    '',
    `curl -X POST ${url}/runs -H 'Content-Type: application/json' -H "Idempotency-Key: $(uuidgen)" -d '${body}'`,
    `podshift run --service ${url} --cluster ${cluster} --region ${region} --approve`,
    `podshift status --service ${url}`,
    '',
  ]) {
    terminal.talk(line);
  }
}
