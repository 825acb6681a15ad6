import { describe } from 'vitest';
import { KUBE2IAM } from './scenario.ts';
import { sweep } from './sweep.ts';

describe(`a migration of ${KUBE2IAM}`, () => sweep(KUBE2IAM));
