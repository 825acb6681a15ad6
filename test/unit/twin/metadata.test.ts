import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { createVirtualClock } from '../../../twin/clock.ts';
import { loadSnapshot } from '../../../twin/snapshot.ts';
import { startTwin, type Twin } from '../../../twin/twin.ts';

async function withTwin(folder: string, work: (twin: Twin, pod: (name: string) => KubernetesObject) => void): Promise<void> {
  const twin = await startTwin({ snapshot: await loadSnapshot(folder), clock: createVirtualClock(Date.UTC(2026, 0, 5)) });
  try {
    work(twin, (name) => {
      const found = twin.kubernetes.objects('Pod').find((one) => one.metadata.name.startsWith(`${name}-`));
      if (found === undefined) throw new Error(`no pod of ${name}`);
      return found;
    });
  } finally {
    await twin.close();
  }
}

/** Who the first container of a pod is: role or error. */
const who = (twin: Twin, pod: KubernetesObject): string => {
  const { roleArn, error } = twin.identities.callerIdentity(pod, pod.spec.containers[0].name);
  return error === '' ? (roleArn.split(':role/')[1] as string) : error;
};

describe("the twin's way to instance metadata", () => {
  it('is kube2iam: roles, default role, denials, and what it does not serve', async () => {
    await withTwin('examples/press-kube2iam', (twin, pod) => {
      expect(who(twin, pod('typesetter'))).toBe('press-typesetter');
      expect(who(twin, pod('proofreader'))).toBe('team/press-proofs');
      expect(who(twin, pod('kiosk'))).toBe('press-kiosk');
      expect(who(twin, pod('auditor'))).toContain('invalid role');
      // An empty annotation is the bare base: 200, and no role in it.
      expect(who(twin, pod('idle'))).toContain('the role list is empty');
      // Pods on the host network are not behind the rule.
      expect(who(twin, pod('scale'))).toBe('press-nodes');
      expect(who(twin, pod('closed'))).toContain('AccessDenied');
    });
  });

  it('keeps the rule of a daemon that is gone, behind which nobody answers', async () => {
    await withTwin('examples/press-kube2iam', (twin, pod) => {
      const typesetter = pod('typesetter');
      const rules = twin.identities.metadata.rulesOn(typesetter.spec.nodeName);
      expect(rules).toEqual([{ hostInterface: 'eni+', address: '169.254.169.254', port: 8282, host: '(node)' }]);
      for (const one of twin.kubernetes.objects('Pod').filter(({ metadata }) => metadata.name.startsWith('kube2iam-')))
        twin.kubernetes.remove('Pod', 'kube-system', one.metadata.name);
      expect(twin.identities.metadata.rulesOn(typesetter.spec.nodeName)).toEqual(rules);
      expect(who(twin, typesetter)).toContain('connection refused');
      expect(twin.watch.gaps.length).toBeGreaterThan(0);
    });
  });

  it.each([
    ['3', 'press-archive'],
    ['4', "namespace policy expression 'press-archive' forbids role"],
  ])('is kiam %s, which matches as its version does', async (version, archiver) => {
    await withTwin(`examples/press-kiam-${version}`, (twin, pod) => {
      expect(who(twin, pod('typesetter'))).toBe('press-typesetter');
      expect(who(twin, pod('front'))).toContain('no role');
      expect(who(twin, pod('archiver'))).toContain(archiver);
      expect(who(twin, pod('broken'))).toContain('forbids role');
    });
  });

  it('is the node again once an agent of kiam has stopped in peace', async () => {
    await withTwin('examples/press-kiam-4', (twin, pod) => {
      const typesetter = pod('typesetter');
      for (const one of twin.kubernetes.objects('Pod').filter(({ metadata }) => metadata.name.startsWith('kiam-agent-')))
        twin.kubernetes.remove('Pod', 'kube-system', one.metadata.name);
      expect(twin.identities.metadata.rulesOn(typesetter.spec.nodeName)).toEqual([]);
      expect(who(twin, typesetter)).toBe('press4-nodes');
    });
  });
});
