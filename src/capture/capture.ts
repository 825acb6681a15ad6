import type { AwsAnswer } from '../aws/clients.ts';
import type { AwsGateways } from '../aws/gateways.ts';
import { takeInventory } from '../inventory/inventory.ts';
import type { KubernetesGateway, KubernetesObject, Resource } from '../kubernetes/gateway.ts';
import { RESOURCES } from '../kubernetes/resources.ts';
import { type Clock, timestamp } from '../model/clock.ts';
import type { Inventory } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import { AwsAnswers, type CapturedFile } from './aws-answers.ts';
import { noting, readRest } from './aws-reads.ts';
import { withHashedNames } from './hashing/hashing.ts';
import { recordKubernetes } from './kubernetes-reads.ts';
import { kubectlName, Outcomes, type Refusal } from './outcomes.ts';
import { redactConfiguration, redactTrailEvent } from './redaction/aws.ts';
import { createRedaction } from './redaction/redact.ts';
import { tokensBy } from './redaction/replacement.ts';

/** How a capture leaves names: as they are, or replaced by what a key makes of them. */
export type CapturedNames = 'plain' | 'hashed';

/** What a capture reads from, and where it leaves what it read. */
export interface CaptureSettings {
  readonly aws: AwsGateways;
  /** Opened once the cluster is known to AWS. */
  readonly kubernetes: () => Promise<KubernetesGateway>;
  /** Called with the listener that has to be told of every answer of these gateways to AWS, ahead of their first use. */
  readonly listen: (onAnswer: (answer: AwsAnswer) => void) => void;
  readonly options: MigrationOptions;
  readonly clock: Clock;
  /** podshift's own. */
  readonly version: string;
  /** 32 random bytes, which are kept nowhere: by them equal texts are replaced alike. */
  readonly key: Uint8Array;
  /** Whether names, ids and addresses stay, or are replaced for a snapshot that others may see. */
  readonly names: CapturedNames;
  /** Takes a file as it is ready; its name is the path in the snapshot's folder. */
  readonly write: (file: CapturedFile) => Promise<void>;
}

/** What a capture has to tell. */
export interface Captured {
  readonly cluster: Inventory['cluster'];
  /** Objects that were kept. */
  readonly objects: number;
  /** Files that AWS's answers were kept in. */
  readonly files: number;
  /** What may not be read: unknown to whoever reads the snapshot. */
  readonly refusals: readonly Refusal[];
}

/**
 * Takes a snapshot of a cluster and its account: takes the very inventory that a plan is made from, and keeps the answers that it was
 * made from, without what can be a secret and is not judged; then what another plan or a rehearsal needs besides. No Secret is asked
 * for. Throws what the inventory throws: what a plan cannot do without, a capture cannot either.
 */
export async function capture(settings: CaptureSettings): Promise<Captured> {
  const { options, clock } = settings;
  const takenAt = timestamp(clock);
  const outcomes = new Outcomes();
  const answers = new AwsAnswers();
  settings.listen((answer) => answers.take(answer));
  const token = tokensBy(settings.key);
  const redaction = createRedaction(token, options.annotationPrefix);
  let configMaps: readonly KubernetesObject[] = [];
  let count = 0;
  // What a name has to be told apart from, all files together tell.
  const withheld: CapturedFile[] = [];
  const put = async (file: CapturedFile): Promise<void> => {
    if (settings.names === 'hashed') withheld.push(file);
    else await settings.write(file);
  };

  const keep = async (resource: Resource, objects: readonly KubernetesObject[]): Promise<void> => {
    // What daemons make of them is known once all else was seen.
    if (resource === RESOURCES.configMaps) configMaps = objects;
    else await write(resource, objects);
  };
  const write = async (resource: Resource, objects: readonly KubernetesObject[]): Promise<void> => {
    count += objects.length;
    const { group, version, kind } = resource;
    const apiVersion = group === '' ? version : `${group}/${version}`;
    const items = objects.map((object) => redaction.object(object));
    await put({ name: `kubernetes/${kubectlName(resource)}.json`, content: { apiVersion, kind: `${kind}List`, items } });
  };

  const aws = noting(settings.aws, outcomes);
  const recording = recordKubernetes(await settings.kubernetes(), keep, outcomes);
  const inventory = await takeInventory(aws, recording.gateway, options, clock);
  await recording.readRest();
  if (configMaps.length > 0 || outcomes.outcomeOf(RESOURCES.configMaps) === 'read') await write(RESOURCES.configMaps, configMaps);
  await readRest(aws, answers, outcomes, inventory.cluster.version);

  const planned = new Set(inventory.serviceAccounts.flatMap(({ addon }) => (addon === null ? [] : [addon])));
  const files = answers.files({
    // The plan of an add-on holds what its values are known by: as a whole they are judged.
    configurationValues: (addonName, values) => (planned.has(addonName) ? values : redactConfiguration(values, token)),
    trailEvent: (text) => redactTrailEvent(text, token),
  });
  for (const file of files) await put(file);
  const { name, region, version: kubernetesVersion } = inventory.cluster;
  await put({
    name: 'capture.json',
    content: {
      takenAt,
      podshift: settings.version,
      cluster: name,
      region,
      kubernetesVersion,
      kinds: outcomes.kinds,
      files: outcomes.files,
      unanswered: recording.unanswered,
    },
  });
  for (const file of withHashedNames(withheld, settings.key)) await settings.write(file);
  return { cluster: inventory.cluster, objects: count, files: files.length, refusals: outcomes.refusals };
}
