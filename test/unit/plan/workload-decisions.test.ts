import { describe, it } from 'vitest';
import { checkCase } from '../fixtures/plan-cases.ts';
import { type Case, cluster, node, used } from '../fixtures/plan-inventories.ts';

const CASES: Record<string, Case> = {
  // Workloads
  'a variable set by hand is held': {
    facts: used({ overrides: [{ kind: 'env', container: 'c', name: 'AWS_PROFILE' }] }),
    decision: 'hold',
    codes: ['PS301'],
  },
  'a variable of a ConfigMap is held': {
    facts: used({ overrides: [{ kind: 'config-map', container: 'c', name: 'x' }] }),
    decision: 'hold',
    codes: ['PS302'],
  },
  'a mounted profile is held': {
    facts: used({ overrides: [{ kind: 'profile-mount', container: 'c', name: '/root/.aws' }] }),
    decision: 'hold',
    codes: ['PS303'],
  },
  'a token made by hand is held': {
    facts: used({ overrides: [{ kind: 'token', container: 'c', name: 'v' }] }),
    decision: 'hold',
    codes: ['PS304'],
  },
  'a named web-identity provider is held': {
    facts: used({ overrides: [{ kind: 'web-identity', container: 'c', name: 'args' }] }),
    decision: 'hold',
    codes: ['PS305'],
  },
  'a session name is held': {
    facts: used({ overrides: [{ kind: 'session-name', container: 'c', name: 'x' }] }),
    decision: 'hold',
    codes: ['PS306'],
  },
  'an environment from a Secret is warned of': {
    facts: used({ overrides: [{ kind: 'secret-env', container: 'c', name: 's' }] }),
    decision: 'migrate',
    codes: ['PS307'],
  },
  'Fargate is held': { facts: used({ fargate: 'profile x' }), decision: 'hold', codes: ['PS308'] },
  'Windows is held': { facts: used({ windows: true }), decision: 'hold', codes: ['PS309'] },
  'a pod that keeps the webhook away is held': {
    facts: used({ skipsWebhook: true, overrides: [{ kind: 'secret-env', container: 'c', name: 's' }] }),
    decision: 'hold',
    codes: ['PS322'],
  },
  'a pod that keeps the webhook away and uses IRSA by hand is held': {
    facts: used({ skipsWebhook: true, overrides: [{ kind: 'env', container: 'c', name: 'AWS_ROLE_ARN' }] }),
    decision: 'hold',
    codes: ['PS301'],
  },
  "a volume of the webhook's name is held": {
    facts: used({ overrides: [{ kind: 'token-volume', container: 'c', name: 'a volume eks-pod-identity-token of its own' }] }),
    decision: 'hold',
    codes: ['PS334'],
  },
  "a mount in the place of the webhook's token is held": {
    facts: used({ overrides: [{ kind: 'token-mount', container: 'c', name: 'a mount at /var' }] }),
    decision: 'hold',
    codes: ['PS335'],
  },
  'a pod whose every container is skipped is held': { facts: used({ skipsContainers: true }), decision: 'hold', codes: ['PS336'] },
  'a container without a token for IRSA is held: nothing works today': {
    facts: used({ overrides: [{ kind: 'irsa-token', container: 'c', name: 'a volume aws-iam-token of its own' }] }),
    decision: 'hold',
    codes: ['PS337'],
  },
  'a pod that keeps the webhook away needs no token of it': {
    facts: used({ skipsWebhook: true, overrides: [{ kind: 'token-volume', container: 'c', name: 'v' }] }),
    decision: 'hold',
    codes: ['PS322'],
  },
  'a hybrid node without the agent is held': {
    facts: { nodes: [node('node-a', { class: 'hybrid', agentReady: false }), node('node-b')] },
    decision: 'hold',
    codes: ['PS407'],
  },
  'a hybrid node with the agent migrates': {
    facts: { nodes: [node('node-a', { class: 'hybrid' }), node('node-b')] },
    decision: 'migrate',
    codes: [],
  },
  'a service account that nothing uses migrates on the probe': { facts: { workloads: [] }, decision: 'migrate', codes: ['PS323'] },
  'a secret store is held': {
    facts: { indirectUsers: [{ subject: 'SecretStore/shop/s', namespace: 'shop', serviceAccount: 'api' }] },
    decision: 'hold',
    codes: ['PS505'],
  },
  'a cluster secret store of any namespace is held': {
    facts: { indirectUsers: [{ subject: 'ClusterSecretStore/s', namespace: '*', serviceAccount: 'api' }] },
    decision: 'hold',
    codes: ['PS505'],
  },
  'a secret store of another namespace does not matter': {
    facts: { indirectUsers: [{ subject: 'SecretStore/other/s', namespace: 'other', serviceAccount: 'api' }] },
    decision: 'migrate',
    codes: [],
  },
  'a SecretProviderClass is held': { facts: used({ secretProviderClasses: ['db'] }), decision: 'hold', codes: ['PS506'] },
  // Owners
  'annotations stay where the options say so': { facts: {}, options: { keepAnnotations: true }, decision: 'migrate', codes: ['PS502'] },
  'a workload of Argo CD is told of': {
    facts: used({
      owners: [
        { kind: 'helm', name: 'h' },
        { kind: 'argo-cd', name: 'shop' },
      ],
    }),
    decision: 'migrate',
    codes: ['PS504'],
  },
  'a workload of Helm is not': { facts: used({ owners: [{ kind: 'helm', name: 'h' }] }), decision: 'migrate', codes: [] },
  // Add-ons and the platform
  'Outposts is held': { facts: cluster({ outpost: true }), decision: 'hold', codes: ['PS405'] },
  'an old version is held': { facts: cluster({ version: '1.23' }), decision: 'hold', codes: ['PS406'] },
  'an old platform version is held': { facts: cluster({ version: '1.28', platformVersion: 'eks.3' }), decision: 'hold', codes: ['PS406'] },
  'a platform version that is no number is taken as new': {
    facts: cluster({ version: '1.28', platformVersion: '' }),
    decision: 'migrate',
    codes: [],
  },
  'a new enough platform version migrates': {
    facts: cluster({ version: '1.28', platformVersion: 'eks.4' }),
    decision: 'migrate',
    codes: [],
  },
  'no agent, and none to be installed, is held': {
    facts: { agent: { addon: null, daemonSet: null, defaultVersion: 'v1' } },
    options: { installAgent: false },
    decision: 'hold',
    codes: ['PS401'],
  },
  'no agent, and no version of it, is held': {
    facts: { agent: { addon: null, daemonSet: null, defaultVersion: null } },
    decision: 'hold',
    codes: ['PS401'],
  },
  'a failed agent is held': {
    facts: { agent: { addon: { version: 'v1', status: 'CREATE_FAILED' }, daemonSet: null, defaultVersion: null } },
    decision: 'hold',
    codes: ['PS404'],
  },
  'an old version is told ahead of a failed agent': {
    facts: {
      ...cluster({ outpost: true }),
      agent: { addon: { version: 'v1', status: 'DELETING' }, daemonSet: null, defaultVersion: null },
    },
    decision: 'hold',
    codes: ['PS405'],
  },
  'an old version is told ahead of a missing agent': {
    facts: { ...cluster({ outpost: true }), agent: { addon: null, daemonSet: null, defaultVersion: null } },
    decision: 'hold',
    codes: ['PS405'],
  },
};

describe('the decision about a service account, by what uses it', () => {
  it.each(Object.entries(CASES))('%s', (_, given) => {
    checkCase(given);
  });
});
