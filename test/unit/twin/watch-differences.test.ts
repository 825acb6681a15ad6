import { expect, it } from 'vitest';
import { differences } from '../../../twin/watch/differences.ts';

const daemonSet = (annotations: Record<string, string>) => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'agent', namespace: 'shop', annotations },
  spec: {},
});

it("does not take the API server's count of a DaemonSet's templates for a change of the migration", () => {
  const counted = { 'deprecated.daemonset.template.generation': '3' };
  expect(differences(daemonSet({}), daemonSet(counted))).toEqual([]);
  expect(differences(daemonSet(counted), daemonSet({ ...counted, mine: 'x' }))).toEqual([['metadata', 'annotations', 'mine']]);
});
