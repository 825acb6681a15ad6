import { describe } from 'vitest';
import { whyNoCluster } from '../cluster/available.ts';
import { sayMissing } from './behaviours.ts';
import { CONTROL_PLANE } from './kubernetes-control-plane.ts';
import { describeKubernetes } from './kubernetes-suite.ts';

const why = await whyNoCluster(process.env);
sayMissing(CONTROL_PLANE.name, why);

describe.skipIf(why !== undefined)('a real control plane', () => {
  describeKubernetes(CONTROL_PLANE);
});
