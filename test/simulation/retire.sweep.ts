import { describe } from 'vitest';
import { retiring, sitesOfRetirement } from './retire-scenario.ts';
import { KUBE2IAM } from './scenario.ts';
import { sweep } from './sweep.ts';

describe.each([retiring(KUBE2IAM, 'kube2iam'), retiring('examples/press-kiam-4', 'kiam')])('a migration of $name', (scene) =>
  sweep(scene, sitesOfRetirement),
);
