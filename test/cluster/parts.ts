import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { auditPolicy } from './audit.ts';
import type { Binaries } from './build.ts';
import { type Authority, type Pair, serviceAccountKeys } from './certificates.ts';
import { kubeconfig } from './kubeconfig.ts';
import { LOOPBACK } from './ports.ts';

/** The ports of a cluster, all on loopback. */
export interface ClusterPorts {
  readonly apiServer: number;
  readonly etcd: number;
  readonly etcdPeers: number;
  readonly webhook: number;
  readonly webhookMetrics: number;
}

/** What the command lines are made of. */
export interface Site {
  readonly folder: string;
  readonly ports: ClusterPorts;
  readonly issuer: string;
  readonly clusterName: string;
  readonly binaries: Binaries;
  readonly etcd: string;
  readonly authority: Authority;
}

/** A command line. */
export interface CommandLine {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Beside what all get. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Writes what the servers read: certificates, keys, one kubeconfig each. Answers the administrator's pair. */
export async function writeFiles(
  site: Site,
  tokenReviewUrl: string,
  audit: { readonly group: string; readonly url: string } | undefined,
): Promise<{ readonly admin: Pair; readonly kubeconfig: string }> {
  const { folder, authority } = site;
  const endpoint = `https://${LOOPBACK}:${site.ports.apiServer}`;
  const file = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text, { mode: 0o600 });
  const config = async (name: string, pair: Pair): Promise<void> =>
    file(`${name}.kubeconfig`, kubeconfig({ server: endpoint, certificateAuthority: authority.certificate, user: pair }));
  const admin = await authority.user('podshift-admin', ['system:masters']);
  const server = await authority.server('kube-apiserver');
  const keys = serviceAccountKeys();
  await Promise.all([
    file('ca.pem', authority.certificate),
    file('server.pem', server.certificate),
    file('server.key', server.key),
    file('service-accounts.key', keys.privateKey),
    file('service-accounts.pub', keys.publicKey),
    file('token-review.kubeconfig', kubeconfig({ server: tokenReviewUrl, certificateAuthority: authority.certificate })),
    ...(audit === undefined
      ? []
      : [
          file('audit-policy.yaml', auditPolicy(audit.group)),
          file('audit.kubeconfig', kubeconfig({ server: audit.url, certificateAuthority: authority.certificate })),
        ]),
    config('admin', admin),
    config('kube-controller-manager', await authority.user('system:kube-controller-manager', [])),
    config('kube-scheduler', await authority.user('system:kube-scheduler', [])),
    config('kwok', await authority.user('kwok', ['system:masters'])),
    config('pod-identity-webhook', await authority.user('eks:pod-identity-mutating-webhook', ['system:masters'])),
  ]);
  return { admin, kubeconfig: join(folder, 'admin.kubeconfig') };
}

/** etcd, alone and without TLS: it listens on loopback and is gone with the cluster. */
export function etcdLine({ folder, ports, etcd }: Site): CommandLine {
  const client = `http://${LOOPBACK}:${ports.etcd}`;
  const peer = `http://${LOOPBACK}:${ports.etcdPeers}`;
  const args = [
    ...['--name', 'podshift', '--data-dir', join(folder, 'etcd'), '--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `podshift=${peer}`],
    // The API server compacts; nothing here lives long enough for more.
    ...['--snapshot-count', '100000', '--logger', 'zap'],
  ];
  return { name: 'etcd', command: etcd, args };
}

/** The API server as EKS has it: RBAC, service account tokens of an OIDC issuer, bearer tokens by a webhook. */
export function apiServerLine(
  { folder, ports, issuer, binaries }: Site,
  { audited }: { readonly audited: boolean } = { audited: false },
): CommandLine {
  const args = [
    `--etcd-servers=http://${LOOPBACK}:${ports.etcd}`,
    `--bind-address=${LOOPBACK}`,
    `--advertise-address=${LOOPBACK}`,
    // Loopback cannot be an endpoint of the service "kubernetes", which nothing here uses.
    '--endpoint-reconciler-type=none',
    `--secure-port=${ports.apiServer}`,
    `--tls-cert-file=${join(folder, 'server.pem')}`,
    `--tls-private-key-file=${join(folder, 'server.key')}`,
    `--client-ca-file=${join(folder, 'ca.pem')}`,
    '--authorization-mode=Node,RBAC',
    `--authentication-token-webhook-config-file=${join(folder, 'token-review.kubeconfig')}`,
    '--authentication-token-webhook-version=v1',
    // A token that a test takes away must not linger; ten seconds of the API server's own cache remain.
    '--authentication-token-webhook-cache-ttl=1s',
    `--service-account-issuer=${issuer}`,
    `--service-account-key-file=${join(folder, 'service-accounts.pub')}`,
    `--service-account-signing-key-file=${join(folder, 'service-accounts.key')}`,
    `--api-audiences=https://kubernetes.default.svc,${issuer}`,
    '--service-cluster-ip-range=10.100.0.0/16',
    '--allow-privileged=true',
    '--enable-admission-plugins=NodeRestriction',
    // etcd 3.4 reports no watch progress, which streamed lists need; without them a watcher backs off for minutes.
    '--feature-gates=WatchList=false',
    '--profiling=false',
    ...(audited
      ? [
          `--audit-policy-file=${join(folder, 'audit-policy.yaml')}`,
          `--audit-webhook-config-file=${join(folder, 'audit.kubeconfig')}`,
          // Each request waits until it was reported, so a report is never later than what it tells of.
          '--audit-webhook-mode=blocking-strict',
        ]
      : []),
  ];
  return { name: 'kube-apiserver', command: binaries['kube-apiserver'], args };
}

/** All controllers, each with its own service account, as in a real cluster. */
export function controllerManagerLine({ folder, clusterName, binaries }: Site): CommandLine {
  const config = join(folder, 'kube-controller-manager.kubeconfig');
  const args = [
    `--kubeconfig=${config}`,
    `--cluster-name=${clusterName}`,
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${join(folder, 'service-accounts.key')}`,
    `--root-ca-file=${join(folder, 'ca.pem')}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--kube-api-qps=200',
    '--kube-api-burst=400',
    // kwok renews leases; on a busy machine it may be late.
    '--node-monitor-grace-period=5m',
    '--profiling=false',
  ];
  return { name: 'kube-controller-manager', command: binaries['kube-controller-manager'], args };
}

/** The scheduler. */
export function schedulerLine({ folder, binaries }: Site): CommandLine {
  const args = [
    `--kubeconfig=${join(folder, 'kube-scheduler.kubeconfig')}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--kube-api-qps=200',
    '--kube-api-burst=400',
    '--profiling=false',
  ];
  return { name: 'kube-scheduler', command: binaries['kube-scheduler'], args };
}

/** kwok: every node is its own, and every pod goes through the stages of kwok.yaml. */
export function kwokLine({ folder, binaries }: Site): CommandLine {
  const args = [
    `--kubeconfig=${join(folder, 'kwok.kubeconfig')}`,
    `--config=${fileURLToPath(new URL('./kwok.yaml', import.meta.url))}`,
    '--manage-all-nodes=true',
    '--node-lease-duration-seconds=40',
    '--cidr=10.64.0.0/16',
    '--node-ip=10.0.1.1',
  ];
  return { name: 'kwok', command: binaries.kwok, args };
}

/** The real webhook, out of cluster (amazon-eks-pod-identity-webhook, main.go). */
export function webhookLine(site: Site, program: string, associations: string, region: string): CommandLine {
  const { folder, ports } = site;
  const args = [
    '--in-cluster=false',
    `--kubeconfig=${join(folder, 'pod-identity-webhook.kubeconfig')}`,
    `--port=${ports.webhook}`,
    `--metrics-port=${ports.webhookMetrics}`,
    `--tls-cert=${join(folder, 'server.pem')}`,
    `--tls-key=${join(folder, 'server.key')}`,
    `--watch-container-credentials-config=${associations}`,
    `--aws-default-region=${region}`,
    // EKS runs it so.
    '--sts-regional-endpoint',
    '-v=4',
  ];
  return { name: 'pod-identity-webhook', command: program, args };
}

/**
 * The real agent on loopback (eks-pod-identity-agent, cmd/server.go), which asks `endpoint` in the place of EKS Auth. It
 * answers only requests whose Host header is one of its link-local addresses (internal/validation/request.go).
 */
export function agentLine(
  program: string,
  clusterName: string,
  endpoint: string,
  ports: { readonly agent: number; readonly probes: number; readonly metrics: number },
): CommandLine {
  const args = [
    'server',
    `--cluster-name=${clusterName}`,
    `--endpoint=${endpoint}`,
    `--bind-hosts=${LOOPBACK}`,
    `--port=${ports.agent}`,
    `--probe-port=${ports.probes}`,
    `--metrics-address=${LOOPBACK}`,
    `--metrics-port=${ports.metrics}`,
  ];
  return { name: 'pod-identity-agent', command: program, args };
}
