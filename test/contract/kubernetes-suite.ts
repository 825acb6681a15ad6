import { afterAll, beforeAll, describe, type TestFunction } from 'vitest';
import { behavioursWith } from './behaviours.ts';
import { describeAccess } from './kubernetes-access.ts';
import { describeApi } from './kubernetes-api.ts';
import type { KubernetesBackend, RunningKubernetes } from './kubernetes-backends.ts';
import { describeInjection } from './kubernetes-injection.ts';
import { describeLists } from './kubernetes-lists.ts';
import { describeRefusals } from './kubernetes-refusals.ts';
import { describeRollouts } from './kubernetes-rollouts.ts';

/** What the suites share: one server, and namespaces of their own. */
export interface KubernetesSuite {
  /** The running server; only from a hook or a test. */
  running(): RunningKubernetes;
  /** A fresh namespace with its default service account. */
  makeNamespace(): Promise<string>;
  readonly behaviour: (title: string, run: TestFunction) => void;
}

/** All that is asked of an API server, its controllers and its webhook, whoever they are. */
export function describeKubernetes(backend: KubernetesBackend): void {
  describe(`Kubernetes over ${backend.name}`, () => {
    let server: RunningKubernetes | undefined;
    let namespaces = 0;
    beforeAll(async () => {
      server = await backend.start();
    });
    afterAll(async () => {
      await server?.close();
    });
    const running = (): RunningKubernetes => {
      if (server === undefined) throw new TypeError('the server is not started yet');
      return server;
    };
    const suite: KubernetesSuite = {
      running,
      behaviour: behavioursWith(backend.exceptions),
      makeNamespace: async () => {
        const { request, eventually } = running();
        namespaces += 1;
        const name = `contract-${namespaces}`;
        const made = await request('POST', '/api/v1/namespaces', { body: { metadata: { name } } });
        if (made.status !== 201) throw new Error(`namespace ${name}: ${made.status} ${made.body.message}`);
        await eventually(async () => {
          const { status } = await request('GET', `/api/v1/namespaces/${name}/serviceaccounts/default`);
          return status === 200 ? true : undefined;
        });
        return name;
      },
    };
    describeApi(suite);
    describeLists(suite);
    describeAccess(suite);
    describeRefusals(suite);
    describeRollouts(suite);
    describeInjection(suite);
  });
}
