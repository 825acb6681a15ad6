import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDaemon } from '../../../src/inventory/metadata/daemons.ts';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { ruleArguments, ruleRemoval } from '../../../src/model/interception.ts';
import type { Interception } from '../../../src/model/metadata.ts';
import { daemonOf } from '../../../twin/metadata/daemon.ts';
import { ruleOf, wordsOf } from '../../../twin/metadata/dnat.ts';
import { interception } from '../fixtures/plan-metadata-worlds.ts';

const BY_NODE = [{ name: 'HOST_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }];

function daemonSet(image: string, args: readonly string[], env: readonly object[] = BY_NODE): KubernetesObject {
  const name = image.includes('kiam') ? 'kiam-agent' : 'kube2iam';
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace: 'kube-system' },
    spec: { template: { spec: { containers: [{ name, image, args, env }] } } },
  } as KubernetesObject;
}

const kube2iam = (...args: string[]): KubernetesObject => daemonSet('jtblin/kube2iam:0.11.1', args);
const kiam = (...args: string[]): KubernetesObject => daemonSet('quay.io/uswitch/kiam:v4.0', ['agent', ...args]);

function ruleOfObject(object: KubernetesObject): string | undefined {
  const settings = readDaemon(object, new Map())?.settings;
  if (settings === undefined || !('interception' in settings)) throw new Error('no daemon that intercepts');
  return ruleArguments(settings.interception)?.join(' ');
}

describe("the rule of a daemon's flags", () => {
  const dnat = (to: string, match: string) => `-p tcp -d 169.254.169.254 --dport 80 -j DNAT --to-destination ${to} ${match}`;
  it.each<[string, KubernetesObject, string | undefined]>([
    [
      "is kube2iam's, on the node's own address",
      kube2iam('--iptables=true', '--host-ip=$(HOST_IP)', '--host-interface=eni+'),
      dnat('$(HOST_IP):8181', '-i eni+'),
    ],
    ['has docker0 by default', kube2iam('--iptables', '--host-ip', '$(HOST_IP)'), dnat('$(HOST_IP):8181', '-i docker0')],
    ['has its port', kube2iam('--iptables', '--host-ip=$(HOST_IP)', '--app-port=8282'), dnat('$(HOST_IP):8282', '-i docker0')],
    [
      'turns the match around with a !',
      kube2iam('--iptables', '--host-ip=$(HOST_IP)', '--host-interface=!eth0'),
      dnat('$(HOST_IP):8181', '! -i eth0'),
    ],
    ['has an address that is written out', kube2iam('--iptables', '--host-ip=10.0.0.7'), dnat('10.0.0.7:8181', '-i docker0')],
    [
      'has another address of instance metadata, without its port',
      kube2iam('--iptables', '--host-ip=10.0.0.7', '--metadata-addr=169.254.169.253:80'),
      '-p tcp -d 169.254.169.253 --dport 80 -j DNAT --to-destination 10.0.0.7:8181 -i docker0',
    ],
    ['is none without --iptables', kube2iam('--host-ip=$(HOST_IP)'), undefined],
    ['is not known without --host-ip', kube2iam('--iptables'), undefined],
    [
      "is kiam's, on the port of its agent",
      kiam('--iptables', '--host=$(HOST_IP)', '--host-interface=!eth0'),
      dnat('$(HOST_IP):3100', '! -i eth0'),
    ],
    ["is kiam's, on the address of its environment", kiam('--iptables', '--port=8181'), dnat('$(HOST_IP):8181', '-i docker0')],
    [
      'is not known where the address is from a Secret',
      daemonSet(
        'quay.io/uswitch/kiam:v4.0',
        ['agent', '--iptables'],
        [{ name: 'HOST_IP', valueFrom: { secretKeyRef: { name: 'host', key: 'ip' } } }],
      ),
      undefined,
    ],
  ])('%s', (_, object, expected) => {
    expect(ruleOfObject(object)).toBe(expected);
  });

  it('is the one that the daemon adds, whatever its flags', () => {
    const flags = fc.record({
      isKiam: fc.boolean(),
      hostInterface: fc.constantFrom(undefined, 'eni+', '!eth0', 'cali+', '!eni+', 'docker0'),
      port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
      host: fc.constantFrom('$(HOST_IP)', '10.1.2.3'),
      isApart: fc.boolean(),
    });
    fc.assert(
      fc.property(flags, ({ isKiam, hostInterface, port, host, isApart }) => {
        const given: [string, string | undefined][] = [
          ['host-interface', hostInterface],
          [isKiam ? 'port' : 'app-port', port === undefined ? undefined : String(port)],
          [isKiam ? 'host' : 'host-ip', host],
        ];
        const args = given.flatMap(([name, value]) => (value === undefined ? [] : isApart ? [`--${name}`, value] : [`--${name}=${value}`]));
        const object = isKiam ? kiam('--iptables', ...args) : kube2iam('--iptables', ...args);
        // The twin reads the same flags by a reading of its own.
        const pod = { ...object.spec.template, kind: 'Pod', metadata: object.metadata } as KubernetesObject;
        const daemon = daemonOf(pod, { object: () => undefined });
        expect(daemon === undefined ? '' : wordsOf(ruleOf(daemon)).join(' ')).toBe(ruleOfObject(object)?.replace('$(HOST_IP)', '(node)'));
      }),
    );
  });
});

it('a person removes the rule by the same words', () => {
  const inverted: Interception = { ...interception, hostInterface: '!eth0' };
  expect(ruleRemoval(ruleArguments(inverted) as string[])).toBe(
    "iptables -t nat -D PREROUTING -p tcp -d 169.254.169.254 --dport 80 -j DNAT --to-destination NODE_ADDRESS:8181 '!' -i eth0",
  );
});
