import { type AdmitResult, admitServiceAccounts, type Grant, parseTrustPolicy, type TrustPolicy } from '../../src/trust/index.ts';

/** Names and shapes that the tests of trust policies share. */
export const ACCOUNT = '111122223333';
export const CLUSTER = `arn:aws:eks:eu-west-1:${ACCOUNT}:cluster/prod`;
/** Shares a prefix with the cluster. */
export const OTHER_CLUSTER = `arn:aws:eks:eu-west-1:${ACCOUNT}:cluster/prod-eu`;
export const ISSUER = 'oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E';
export const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER}`;
export const OTHER_ISSUER = `${ISSUER}2`;
export const OTHER_PROVIDER = `${PROVIDER}2`;
/** `Podshift` and the first 12 hex digits of `printf %s CLUSTER | sha256sum`. */
export const SID = 'Podshifteaa5a32575ca';

/** Reads `NAMESPACE/NAME`. */
export function account(id: string): { namespace: string; name: string } {
  const [namespace = '', name = ''] = id.split('/');
  return { namespace, name };
}

/** A grant to service accounts of the cluster, each `NAMESPACE/NAME`. */
export function grantTo(...ids: string[]): Grant {
  return { clusterArn: CLUSTER, accountId: ACCOUNT, serviceAccounts: ids.map(account), scope: 'service-account' };
}

/** A grant to the whole cluster, asked for these service accounts. */
export function clusterGrant(...ids: string[]): Grant {
  return { ...grantTo(...ids), scope: 'cluster' };
}

/** The policy of a text or a document that is known to be readable. */
export function read(source: string | object): TrustPolicy {
  const result = parseTrustPolicy(typeof source === 'string' ? source : JSON.stringify(source));
  if (!result.ok) throw new Error(result.problem);
  return result.policy;
}

/** A document of statements, each an object or the text of one. */
export function document(...statements: (object | string)[]): string {
  const texts = statements.map((statement) => (typeof statement === 'string' ? statement : JSON.stringify(statement)));
  return `{"Version":"2012-10-17","Statement":[${texts.join(',')}]}`;
}

/** A usual IRSA statement; `changes` replace its elements. */
export function irsa(subjects: string | string[], changes: object = {}): object {
  return {
    Effect: 'Allow',
    Principal: { Federated: PROVIDER },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${ISSUER}:sub`]: subjects, [`${ISSUER}:aud`]: 'sts.amazonaws.com' } },
    ...changes,
  };
}

/** An unscoped Pod Identity statement, as other tools write it; `changes` replace its elements. */
export function podIdentity(changes: object = {}): object {
  return { Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' }, Action: ['sts:AssumeRole', 'sts:TagSession'], ...changes };
}

/** Our own statement, as a reader of its specification writes it. */
export function ours(index: number, namespaces: string | string[], names: string | string[], clusterArn = CLUSTER, sid = SID): object {
  return {
    Sid: `${sid}${index}`,
    Effect: 'Allow',
    Principal: { Service: 'pods.eks.amazonaws.com' },
    Action: ['sts:AssumeRole', 'sts:TagSession'],
    Condition: {
      StringEquals: {
        'aws:SourceAccount': ACCOUNT,
        'aws:RequestTag/eks-cluster-arn': clusterArn,
        'aws:RequestTag/kubernetes-namespace': namespaces,
        'aws:RequestTag/kubernetes-service-account': names,
      },
    },
  };
}

/** Our own statement for the whole cluster. */
export function oursForCluster(index: number): object {
  return {
    Sid: `${SID}${index}`,
    Effect: 'Allow',
    Principal: { Service: 'pods.eks.amazonaws.com' },
    Action: ['sts:AssumeRole', 'sts:TagSession'],
    Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT }, ArnEquals: { 'aws:SourceArn': CLUSTER } },
  };
}

export const EC2 = { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };

/** What a grant to the document of a text comes to. */
export function admit(text: string, grant: Grant, sizeLimit?: number): AdmitResult {
  return admitServiceAccounts(read(text), sizeLimit === undefined ? grant : { ...grant, sizeLimit });
}

/** The new text of a grant that must change the document. */
export function changed(text: string, grant: Grant, sizeLimit?: number): string {
  const result = admit(text, grant, sizeLimit);
  if (result.kind !== 'changed') throw new Error(JSON.stringify(result));
  return result.text;
}

/** Why a grant is refused that must be. */
export function refusal(result: AdmitResult): { code: string; message: string } {
  if (result.kind !== 'refused') throw new Error(JSON.stringify(result));
  return result.problem;
}
