import { TWIN } from './kubernetes-backends.ts';
import { describeKubernetes } from './kubernetes-suite.ts';

describeKubernetes(TWIN);
