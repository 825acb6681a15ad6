import type { CloudTrailEvent } from '../aws/gateways.ts';
import type { OldSdkFact } from '../model/inventory.ts';
import { compareVersions } from '../model/versions.ts';

/** An SDK as it names itself in user agents, and the first of its versions that knows Pod Identity. */
interface Sdk {
  readonly sdk: string;
  /** Its first group is the version. */
  readonly pattern: RegExp;
  readonly minimum: string;
}

/**
 * The first version of each SDK that knows Pod Identity (EKS User Guide, "Use pod identity with the AWS SDK"), as its user agent
 * numbers it. Where the guide names a release by its date, or by a number of the whole release, the number of the part that the
 * user agent names stands here:
 * - Go 2, release-2023-11-14: `config` 1.25.0 (its CHANGELOG), which asks for the core module 1.22.2
 * - Rust, release-2024-03-13: `aws-config` and `aws-types` 1.1.8
 * - .NET, 3.7.734.0: AWSSDK.Core 3.7.302.0 (SDK.CHANGELOG of aws-sdk-net)
 * What runs another SDK inside comes ahead of that: the AWS CLI names Botocore too, PowerShell is .NET.
 */
const SDKS: readonly Sdk[] = [
  { sdk: 'AWS CLI 2', pattern: /aws-cli\/(2\.[\d.]+)/, minimum: '2.15.0' },
  { sdk: 'AWS CLI 1', pattern: /aws-cli\/(1\.[\d.]+)/, minimum: '1.30.0' },
  { sdk: 'AWS Tools for PowerShell', pattern: /AWSPowerShell(?:\.\w+)?\/(\d[\d.]+)/, minimum: '4.1.502' },
  { sdk: 'AWS SDK for Java 2', pattern: /aws-sdk-java\/(2\.[\d.]+)/, minimum: '2.21.30' },
  { sdk: 'AWS SDK for Java 1', pattern: /aws-sdk-java\/(1\.[\d.]+)/, minimum: '1.12.746' },
  { sdk: 'AWS SDK for Go 2', pattern: /aws-sdk-go-v2\/(\d[\d.]+)/, minimum: '1.22.2' },
  { sdk: 'AWS SDK for Go 1', pattern: /aws-sdk-go\/(1\.[\d.]+)/, minimum: '1.47.11' },
  { sdk: 'Boto3', pattern: /Boto3\/(\d[\d.]+)/, minimum: '1.34.41' },
  { sdk: 'Botocore', pattern: /Botocore[/#](\d[\d.]+)/i, minimum: '1.34.41' },
  { sdk: 'AWS SDK for JavaScript 3', pattern: /aws-sdk-js\/(3\.[\d.]+)/, minimum: '3.458.0' },
  { sdk: 'AWS SDK for JavaScript 2', pattern: /aws-sdk-nodejs\/(2\.[\d.]+)/, minimum: '2.1550.0' },
  { sdk: 'AWS SDK for Kotlin', pattern: /aws-sdk-kotlin\/(\d[\d.]+)/, minimum: '1.0.1' },
  { sdk: 'AWS SDK for Ruby', pattern: /aws-sdk-ruby3\/(3\.[\d.]+)/, minimum: '3.188.0' },
  { sdk: 'AWS SDK for Rust', pattern: /aws-sdk-rust\/(\d[\d.]+)/, minimum: '1.1.8' },
  { sdk: 'AWS SDK for C++', pattern: /aws-sdk-cpp\/(\d[\d.]+)/, minimum: '1.11.263' },
  { sdk: 'AWS SDK for .NET', pattern: /aws-sdk-dotnet-core[/#](\d[\d.]+)/, minimum: '3.7.302.0' },
  // No AWS SDK: its own releases say which knows the container provider's full URI (minio/minio-go#1944).
  { sdk: 'minio-go', pattern: /minio-go\/v(\d[\d.]+)/, minimum: '7.0.70' },
  { sdk: 'AWS SDK for PHP', pattern: /aws-sdk-php\/(3\.[\d.]+)/, minimum: '3.287.1' },
];

/** The SDK of a user agent, with its version; undefined for one that nobody knows. */
export function sdkOf(userAgent: string): { sdk: string; version: string; minimum: string; old: boolean } | undefined {
  for (const { sdk, pattern, minimum } of SDKS) {
    const version = pattern.exec(userAgent)?.[1];
    if (version !== undefined) return { sdk, version, minimum, old: compareVersions(version, minimum) < 0 };
  }
  return undefined;
}

const SUBJECT = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** An SDK exchanges its token about once an hour: who did not within it of the last exchange is gone. */
const HOUR = 65 * 60 * 1000;

interface Exchange {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly at: number;
  readonly used: NonNullable<ReturnType<typeof sdkOf>>;
}

/**
 * SDKs that are too old, of each service account as its exchanges by IRSA show them. Workloads that share one may use different
 * versions, so any exchange within an hour of the last one by the same SDK counts; an earlier one was made before an update.
 */
export function oldSdks(events: readonly CloudTrailEvent[]): OldSdkFact[] {
  const exchanges = events.flatMap(exchangeOf);
  const groups = Map.groupBy(exchanges, ({ namespace, serviceAccount, used }) => `${namespace}/${serviceAccount} ${used.sdk}`);
  return [...groups.values()].flatMap((group) => {
    const last = Math.max(...group.map(({ at }) => at));
    const old = group.find(({ at, used }) => used.old && last - at <= HOUR);
    if (old === undefined) return [];
    const { namespace, serviceAccount, used } = old;
    return [{ namespace, serviceAccount, sdk: used.sdk, version: used.version, minimum: used.minimum }];
  });
}

function exchangeOf({ event, eventTime: at }: CloudTrailEvent): Exchange[] {
  const userName = (event.userIdentity as { userName?: unknown } | undefined)?.userName;
  const [, namespace, serviceAccount] = SUBJECT.exec(textOf(userName)) ?? [];
  const used = sdkOf(textOf(event.userAgent));
  return namespace === undefined || serviceAccount === undefined || used === undefined ? [] : [{ namespace, serviceAccount, at, used }];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
