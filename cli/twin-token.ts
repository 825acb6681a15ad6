import { createTokenSource } from '../src/kubernetes/token.ts';

// A kubectl credential plugin for a served twin: `podshift twin` names this file in the kubeconfig that it writes, so that
// kubectl needs neither the AWS CLI nor a token that never ends. The twin's credentials open nothing else.
const { TWIN_CLUSTER = '', TWIN_REGION = '', TWIN_ACCESS_KEY_ID = '', TWIN_SECRET_ACCESS_KEY = '' } = process.env;
const credentials = { accessKeyId: TWIN_ACCESS_KEY_ID, secretAccessKey: TWIN_SECRET_ACCESS_KEY };
const tokens = createTokenSource({
  clusterName: TWIN_CLUSTER,
  region: TWIN_REGION,
  credentials: () => Promise.resolve(credentials),
  clock: { now: () => Date.now() },
});
const TOKEN_MILLISECONDS = 14 * 60 * 1000;
const status = { token: await tokens.token(), expirationTimestamp: new Date(Date.now() + TOKEN_MILLISECONDS).toISOString() };
process.stdout.write(`${JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status })}\n`);
