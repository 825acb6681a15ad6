import type { Inventory, WorkloadFacts } from '../../src/model/inventory.ts';
import type { DaemonFacts, Interception, KiamServerSettings, Kube2iamSettings, MetadataInventory } from '../../src/model/metadata.ts';
import type { MigrationOptions } from '../../src/model/options.ts';
import { inventory, planOf, roleArn, serviceAccount, trust, workload } from './plan-inventories.ts';

export const KEY = 'iam.amazonaws.com/role';
export const NODE = roleArn('nodes');
export const by = (arn: string) => trust({ Effect: 'Allow', Principal: { AWS: arn }, Action: 'sts:AssumeRole' });
export const role = (name: string, trustPolicy = by(NODE)) => ({
  arn: roleArn(name),
  name: name.split('/').at(-1) as string,
  trustPolicy,
  owners: [],
});

export const interception: Interception = {
  iptables: true,
  hostInterface: 'eni+',
  port: 8181,
  metadataAddress: '169.254.169.254',
  hostAddress: { kind: 'node' },
  removesRule: false,
};
export const settings: Kube2iamSettings = {
  part: 'kube2iam',
  roleKey: KEY,
  externalIdKey: 'iam.amazonaws.com/external-id',
  namespaceKey: 'iam.amazonaws.com/allowed-roles',
  namespaceRestrictions: false,
  restrictionFormat: 'glob',
  base: { kind: 'discovered' },
  defaultRole: '',
  discoverDefaultRole: false,
  interception,
};
export const kube2iam = (changes: Partial<Kube2iamSettings> = {}, facts: Partial<DaemonFacts> = {}): DaemonFacts => ({
  subject: 'DaemonSet/kube-system/kube2iam',
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  namespace: 'kube-system',
  name: 'kube2iam',
  mechanism: 'kube2iam',
  settings: { ...settings, ...changes },
  unread: [],
  nodeNames: ['node-a', 'node-b'],
  owners: [],
  image: 'jtblin/kube2iam:0.11.1',
  reach: ['node-a', 'node-b'],
  stopped: false,
  stoppedBy: null,
  podSecurity: '',
  ...facts,
});
export const kiamServer: KiamServerSettings = {
  part: 'kiam-server',
  version: 4,
  strictRegexp: true,
  base: { kind: 'discovered' },
  assumeRoleArn: '',
  session: 'kiam',
};
export const server = (changes: Partial<KiamServerSettings> = {}, facts: Partial<DaemonFacts> = {}) =>
  kube2iam({}, { subject: 'Deployment/kube-system/kiam-server', mechanism: 'kiam', settings: { ...kiamServer, ...changes }, ...facts });
export const agent = (facts: Partial<DaemonFacts> = {}) =>
  kube2iam(
    {},
    {
      subject: 'DaemonSet/kube-system/kiam-agent',
      mechanism: 'kiam',
      settings: { part: 'kiam-agent', allowRoute: '^$', interception },
      ...facts,
    },
  );

/** A workload whose template and pods carry the role annotation; none where it is undefined. */
export function asking(
  id: string,
  asked: string | undefined,
  changes: Partial<WorkloadFacts> = {},
  more: Record<string, string> = {},
): WorkloadFacts {
  const annotations = { ...(asked === undefined ? {} : { [KEY]: asked }), ...more };
  const metadata = {
    hostNetwork: false,
    template: annotations,
    live: [annotations],
    exposed: 0,
    fields: { serviceAccountName: 'api', serviceAccount: 'api' },
  };
  return workload(id, { serviceAccount: 'api', metadata, ...changes });
}

export function world(workloads: WorkloadFacts[], changes: Partial<MetadataInventory> = {}, more: Partial<Inventory> = {}): Inventory {
  const names = [...new Set(workloads.map(({ namespace, serviceAccount: name }) => `${namespace}/${name}`))];
  return inventory({
    serviceAccounts: names.map((id) => serviceAccount(id, '', { annotations: {} })),
    workloads,
    roles: [role('reader'), role('writer'), role('team/app')],
    metadata: {
      daemons: [kube2iam()],
      namespaces: [{ name: 'shop', annotations: {} }],
      nodeRoleArns: [NODE],
      bindings: [],
      identityPolicies: [],
      takenNames: names,
      defaultRoleUsers: [],
      assumeGrants: [],
      ...changes,
    },
    ...more,
  });
}

/** What becomes of each unit: decision and findings, without those about the annotation's removal. */
export function told(facts: Inventory, options: Partial<MigrationOptions> = {}) {
  const plan = planOf(facts, options);
  return Object.fromEntries(
    plan.units.map(({ id, decision, findings, metadata }) => [
      id,
      [decision, metadata?.splitFrom ?? '', ...findings.filter((code) => code !== 'PS721')].filter((part) => part !== '').join(' '),
    ]),
  );
}
