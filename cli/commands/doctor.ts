import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../engine/root.ts';
import type { AwsSettings } from '../../src/aws/clients.ts';
import { defaultCredentials } from '../../src/aws/default-credentials.ts';
import type { Cluster } from '../../src/aws/gateways.ts';
import { createPacer } from '../../src/aws/pacing.ts';
import { createClusterConnections } from '../../src/kubernetes/connections.ts';
import { isPodshiftError } from '../../src/model/errors.ts';
import { type MigrationOptions, migrationOptions } from '../../src/model/options.ts';
import type { ServerTime } from '../../src/model/server-clock.ts';
import { toYaml } from '../../src/report/render.ts';
import { count } from '../../src/report/text.ts';
import { createSystemClock } from '../../twin/clock.ts';
import { type CommandContext, type RunCommand, textFlag } from '../context.ts';
import { unknown, within } from '../doctor/attempt.ts';
import { clockChecks, identityChecks, neededOf, readChecks } from '../doctor/aws.ts';
import { READS } from '../doctor/aws-reads.ts';
import { simulateWrites } from '../doctor/aws-writes.ts';
import { createClients, type DoctorWorld } from '../doctor/clients.ts';
import { accessChecks, agentChecks, type ClusterSight, openCluster, probeChecks } from '../doctor/cluster.ts';
import { machineChecks } from '../doctor/machine.ts';
import { actionsOf, PERMISSIONS_PAGE, resourcesOf } from '../doctor/needs.ts';
import { renderDoctor } from '../doctor/render.ts';
import { serviceChecks } from '../doctor/service.ts';
import { formatOf } from '../formats.ts';
import type { DoctorCheck, DoctorReport } from '../outputs/doctor.ts';
import type { Invocation } from '../program.ts';
import { isRemote, openService } from '../service/open.ts';
import { journalFolder, optionsOf, targetOf } from '../sessions.ts';
import { nextCommand } from '../shell.ts';

/** Requests of one call at most, the first included: a doctor tries, and does not wait. */
const MAX_ATTEMPTS = 2;

/** `podshift doctor --cluster NAME`: tries what a run needs ahead of it, and changes nothing. */
export const doctor: RunCommand = async (context, invocation) => {
  const report = isRemote(invocation) ? await ofService(context, invocation) : await ofCluster(context, invocation);
  const { terminal } = context;
  const format = formatOf(invocation);
  if (format === 'json') await terminal.data(`${JSON.stringify(report, null, 2)}\n`);
  else if (format === 'yaml') await terminal.data(toYaml(report));
  else await terminal.data(renderDoctor(report, terminal.screen, format === 'wide'));
  sayWhatItComesTo(context, invocation, report);
  return report.ok ? 'done' : 'failed';
};

/** Of a deployed service: whether it answers. What it needs in the cluster, its own plan tells. */
async function ofService(context: CommandContext, invocation: Invocation): Promise<DoctorReport> {
  const url = textFlag(invocation, 'service') ?? '';
  const checks = await serviceChecks(openService(invocation, context), url, context.interrupts.signal);
  return reportOf('', textFlag(invocation, 'region') ?? '', '', checks);
}

async function ofCluster(context: CommandContext, invocation: Invocation): Promise<DoctorReport> {
  const target = await targetOf(invocation, context);
  const options = migrationOptions.parse(await optionsOf(invocation));
  const page = await readFile(join(ROOT, PERMISSIONS_PAGE), 'utf8');
  const clock = createSystemClock();
  try {
    const world = openWorld(context, invocation, target, clock);
    const machine = await machineChecks(journalFolder(invocation));
    const { checks, identity } = await checkAll(world, page, options);
    return reportOf(target.clusterName, target.region, identity, [...machine, ...checks]);
  } finally {
    clock.close();
  }
}

async function checkAll(world: DoctorWorld, page: string, options: MigrationOptions): Promise<{ checks: DoctorCheck[]; identity: string }> {
  const { target, signal, gateways } = world;
  const who = await identityChecks(world);
  const needs = actionsOf(page).filter(({ action }) => action !== 'sts:AssumeRole');
  // Nothing can be asked as nobody: each would only fail alike.
  if (who.identity === '') return { checks: [...who.checks, ...clockChecks(world.clockSkew())], identity: '' };

  const cluster = await within(gateways.eks.describeCluster(), signal).catch((error: unknown): undefined => {
    if (!isPodshiftError(error)) throw error;
  });
  const sight: ClusterSight =
    cluster === undefined ? { checks: [], gateway: undefined, annotated: [] } : await openCluster(world, cluster, options.annotationPrefix);
  const roles = [...new Set(sight.annotated.map(({ roleArn }) => roleArn))].filter(
    (arn) => arn.split(':')[4] === cluster?.arn.split(':')[4],
  );
  const reads = needs.filter(({ action }) => Object.hasOwn(READS, action));
  const writes = needs.filter(({ action }) => !Object.hasOwn(READS, action));
  const read = await readChecks(world, reads, { cluster: target.clusterName, roleName: roles[0]?.split('/').at(-1) ?? 'podshift-doctor' });
  const simulated =
    cluster === undefined
      ? new Map()
      : await simulateWrites(world.clients.iam, who.identity, writes, { cluster: cluster.arn, clusterTags: cluster.tags, roles }, signal);
  const written = writes.map(
    (need): DoctorCheck => ({
      area: 'aws',
      check: need.action,
      needed: neededOf(need),
      ...(simulated.get(need.action) ?? unknown('not tried: the cluster could not be described')),
    }),
  );
  const inside = cluster === undefined ? [] : await clusterChecks(world, cluster, sight, page, options);
  return { checks: [...who.checks, ...clockChecks(world.clockSkew()), ...read, ...written, ...inside], identity: who.identity };
}

async function clusterChecks(
  world: DoctorWorld,
  cluster: Cluster,
  { checks, gateway, annotated }: ClusterSight,
  page: string,
  options: MigrationOptions,
): Promise<DoctorCheck[]> {
  const agent = await agentChecks(world, cluster);
  if (gateway === undefined) return [...agent, ...checks];
  const access = await accessChecks(world, gateway, resourcesOf(page));
  return [...agent, ...checks, ...access, ...(await probeChecks(world, gateway, options.probeImage, annotated))];
}

function openWorld(
  { interrupts }: CommandContext,
  invocation: Invocation,
  target: DoctorWorld['target'],
  clock: ReturnType<typeof createSystemClock>,
): DoctorWorld {
  const profile = textFlag(invocation, 'profile');
  const endpoint = textFlag(invocation, 'endpointUrl');
  let skew: number | undefined;
  const serverTime: ServerTime = {
    asked: () => {
      const sentAt = Date.now();
      return (date) => {
        const at = Date.parse(date ?? '');
        // Whole seconds: half of one is as good as any.
        if (!Number.isNaN(at)) skew = (at + 500 - (sentAt + Date.now()) / 2) / 1000;
      };
    },
  };
  const shared = {
    retryDelays: 'standard' as const,
    maxAttempts: MAX_ATTEMPTS,
    serverTime,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { credentials: defaultCredentials({ profile, region: target.region }) }),
  };
  const settings = (of: DoctorWorld['target']): AwsSettings => ({ ...shared, target: of, onRequest: () => undefined });
  const { engine } = clock;
  const connections = createClusterConnections({
    ...shared,
    clock: engine,
    pacer: createPacer(engine, (milliseconds) => engine.pause(milliseconds)),
  });
  return {
    target,
    clients: createClients(settings(target)),
    caller: createClients(settings({ ...target, assumeRoleArn: null })),
    gateways: connections.aws(target),
    kubernetes: () => connections.kubernetes(target),
    clockSkew: () => skew,
    signal: interrupts.signal,
  };
}

function reportOf(cluster: string, region: string, identity: string, checks: readonly DoctorCheck[]): DoctorReport {
  const isOk = !checks.some(({ status, needed }) => status === 'missing' && needed === 'always');
  return { apiVersion: 'podshift/v1', kind: 'Doctor', cluster, region, identity, ok: isOk, checks: [...checks] };
}

function sayWhatItComesTo({ terminal }: CommandContext, invocation: Invocation, { ok: isOk, checks, cluster, region }: DoctorReport): void {
  const missing = checks.filter(({ status, needed }) => status === 'missing' && needed === 'always').length;
  const unclear = checks.filter(({ status }) => status === 'unknown').length;
  const rest = unclear === 0 ? '' : `; ${unclear} could not be told`;
  terminal.talk(
    isOk
      ? `nothing is missing that a run always needs${rest}; nothing was changed`
      : `${count(missing, 'check')} of ${checks.length} failed: a run would stop there${rest}`,
  );
  if (isOk && cluster !== '') terminal.talk(`  ${nextCommand(invocation, 'plan', '--cluster', cluster, '--region', region)}`);
}
