import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../../engine/root.ts';
import { toYaml } from '../../src/report/render.ts';
import { createSystemClock } from '../../twin/clock.ts';
import type { TwinDelays } from '../../twin/contracts.ts';
import { loadSnapshot } from '../../twin/snapshot.ts';
import { startTwin, type Twin } from '../../twin/twin.ts';
import type { CommandContext, RunCommand } from '../context.ts';
import { saySnapshotGaps } from '../snapshot-findings.ts';

/** For scripts: what AWS and Kubernetes take seconds or minutes for happens at once. */
const NONE: TwinDelays = { iamPropagation: 0, associationPropagation: 0, addonActive: 0, podStart: 0, podReady: 0, cloudTrailDelivery: 0 };

/** `podshift twin SNAPSHOT`: serves the twin in real time until it is told to stop. */
export const twin: RunCommand = async (context, invocation) => {
  const snapshot = await loadSnapshot(invocation.arguments[0] ?? '');
  saySnapshotGaps(snapshot, context.terminal);
  const clock = createSystemClock();
  const served = await startTwin({ snapshot, clock, ...(invocation.flags.delays === false ? { delays: NONE } : {}) });
  // mkdtemp makes the folder for this user alone
  const folder = await mkdtemp(join(tmpdir(), 'podshift-twin-'));
  try {
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, kubeconfigOf(served), { mode: 0o600 });
    await chmod(kubeconfig, 0o600);
    await context.terminal.data(`${JSON.stringify({ aws: served.awsEndpoint, kubeconfig })}\n`);
    sayHowToUse(served, kubeconfig, context);
    await untilStopped(context.interrupts.signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await served.close();
    clock.close();
  }
  return 'done';
};

/** Resolves when the process is asked to stop. */
export function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function kubeconfigOf(served: Twin): string {
  const name = served.clusterName;
  return toYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: {
          server: served.kubernetesEndpoint,
          'certificate-authority-data': Buffer.from(served.certificateAuthority).toString('base64'),
        },
      },
    ],
    users: [{ name, user: { exec: tokenPlugin(served) } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
}

/** The credential plugin that kubectl calls; the AWS CLI's `eks get-token` would do as well. */
function tokenPlugin(served: Twin): Record<string, unknown> {
  return {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: [codeOf('cli/twin-token')],
    env: [
      { name: 'TWIN_CLUSTER', value: served.clusterName },
      { name: 'TWIN_REGION', value: served.region },
      { name: 'TWIN_ACCESS_KEY_ID', value: served.credentials.accessKeyId },
      { name: 'TWIN_SECRET_ACCESS_KEY', value: served.credentials.secretAccessKey },
    ],
    interactiveMode: 'Never',
  };
}

function sayHowToUse(served: Twin, kubeconfig: string, { terminal }: CommandContext): void {
  for (const line of [
    `the twin of ${served.clusterName} is up; Ctrl-C stops it`,
    '',
    `export AWS_ENDPOINT_URL=${served.awsEndpoint} AWS_REGION=${served.region} AWS_DEFAULT_REGION=${served.region}`,
    `export AWS_ACCESS_KEY_ID=${served.credentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${served.credentials.secretAccessKey}`,
    `export KUBECONFIG=${kubeconfig}`,
    '',
    `aws eks describe-cluster --name ${served.clusterName}`,
    'kubectl get serviceaccounts -A',
    `podshift plan --cluster ${served.clusterName} --region ${served.region} --endpoint-url ${served.awsEndpoint}`,
  ]) {
    terminal.talk(line);
  }
}
