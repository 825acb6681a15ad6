import { TWIN_IAM } from './aws-backends.ts';
import { describeIam } from './aws-iam-suite.ts';
import { describeSts } from './aws-sts-suite.ts';

describeIam(TWIN_IAM);
describeSts(TWIN_IAM);
