import type { CloudTrailEvent } from '../aws/gateways.ts';
import type { OldSdkFact } from '../model/inventory.ts';
import { compareVersions } from './addons.ts';

/** The first version of each SDK that knows Pod Identity, by its user agent (EKS User Guide, "Use pod identity with the AWS SDK"). */
const MINIMUMS: readonly { readonly sdk: string; readonly pattern: RegExp; readonly minimum: string }[] = [
  { sdk: 'AWS SDK for Java 2', pattern: /aws-sdk-java\/(2\.[\d.]+)/, minimum: '2.21.30' },
  { sdk: 'AWS SDK for Java 1', pattern: /aws-sdk-java\/(1\.[\d.]+)/, minimum: '1.12.746' },
  { sdk: 'AWS SDK for Go 1', pattern: /aws-sdk-go\/(1\.[\d.]+)/, minimum: '1.47.11' },
  { sdk: 'AWS CLI 2', pattern: /aws-cli\/(2\.[\d.]+)/, minimum: '2.15.0' },
  { sdk: 'AWS CLI 1', pattern: /aws-cli\/(1\.[\d.]+)/, minimum: '1.30.0' },
  { sdk: 'Boto3', pattern: /Boto3\/(\d[\d.]+)/, minimum: '1.34.41' },
  { sdk: 'Botocore', pattern: /Botocore\/(\d[\d.]+)/, minimum: '1.34.41' },
  { sdk: 'AWS SDK for JavaScript 3', pattern: /aws-sdk-js\/(3\.[\d.]+)/, minimum: '3.458.0' },
  { sdk: 'AWS SDK for JavaScript 2', pattern: /aws-sdk-nodejs\/(2\.[\d.]+)/, minimum: '2.1550.0' },
  { sdk: 'AWS SDK for Kotlin', pattern: /aws-sdk-kotlin\/(\d[\d.]+)/, minimum: '1.0.1' },
  { sdk: 'AWS SDK for Ruby', pattern: /aws-sdk-ruby3\/(3\.[\d.]+)/, minimum: '3.188.0' },
  { sdk: 'AWS SDK for C++', pattern: /aws-sdk-cpp\/(\d[\d.]+)/, minimum: '1.11.263' },
  { sdk: 'AWS SDK for .NET', pattern: /aws-sdk-dotnet-[a-z]*\/(3\.[\d.]+)/, minimum: '3.7.734.0' },
  { sdk: 'AWS SDK for PHP', pattern: /aws-sdk-php\/(3\.[\d.]+)/, minimum: '3.287.1' },
];

const SUBJECT = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** The SDK of a user agent, where it is older than Pod Identity. */
export function oldSdk(userAgent: string): { sdk: string; version: string; minimum: string } | undefined {
  for (const { sdk, pattern, minimum } of MINIMUMS) {
    const version = pattern.exec(userAgent)?.[1];
    if (version !== undefined) return compareVersions(version, minimum) < 0 ? { sdk, version, minimum } : undefined;
  }
  return undefined;
}

/** Service accounts whose last exchange by IRSA came from an SDK that is too old. Events are newest first, as CloudTrail gives them. */
export function oldSdks(events: readonly CloudTrailEvent[]): OldSdkFact[] {
  const seen = new Map<string, OldSdkFact | undefined>();
  for (const { event } of events) {
    const [, namespace, serviceAccount] = SUBJECT.exec(textOf((event.userIdentity as { userName?: unknown } | undefined)?.userName)) ?? [];
    if (namespace === undefined || serviceAccount === undefined) continue;
    const key = `${namespace}/${serviceAccount} ${textOf(event.userAgent).split('/')[0]}`;
    if (seen.has(key)) continue;
    const old = oldSdk(textOf(event.userAgent));
    seen.set(key, old === undefined ? undefined : { namespace, serviceAccount, ...old });
  }
  return [...seen.values()].filter((fact) => fact !== undefined);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
