/** What the fields of AWS's and Kubernetes' answers hold, as far as names may stand in them. */

const set = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Fields whose keys somebody chose: labels, tags, data. */
export const DATA_FIELDS = set(`
  labels annotations matchLabels nodeSelector data binaryData stringData tags f:labels f:annotations f:data f:nodeSelector f:matchLabels
  capacity allocatable limits requests hard used
`);

/** Fields whose text is a value of the API's own: a version, a number with its unit, an action. */
export const KEPT_FIELDS = set(`
  Action NotAction Effect Version version addonVersion addonName platformVersion kubernetesVersion releaseVersion resourceVersion
  operatingSystem architecture osImage kernelVersion kubeletVersion kubeProxyVersion containerRuntimeVersion
  eventName eventSource awsRegion eventType eventVersion eventCategory managementEvent readOnly EventName EventSource ReadOnly
  ipFamily types fieldPath terminationMessagePath topologyKey cpu memory ephemeral-storage pods podshift plural outcome verbs apiGroups resources fieldsType operation
`);

/** Fields that somebody wrote in a sentence. */
export const FREE_FIELDS = set('message description Description note displayName f:message');

/** Fields that name a container's image. */
export const IMAGE_FIELDS = set('image imageID');

/** Fields whose text can be a value that the API lists, such as `RollingUpdate` or `ACTIVE`, or somebody's name in the same form. */
export const NAMED_FIELDS =
  /(name|names|id|ids|arn|arns|path|key|value|values|users?|groups?|arguments?|args|command|sid|resources?|not-?resources?|aws|federated)$/i;

/** How the APIs write values that they list. */
export const LISTED_VALUE = /^([A-Z][A-Za-z0-9]*|[A-Z][A-Z0-9]*(_[A-Z0-9]+)+)$/;

/** Fields of the custom kinds that podshift knows: in all else of a custom resource the keys are somebody's. */
export const CUSTOM_FIELDS = set(`
  apiVersion kind metadata name names namespace namespaces generateName uid spec status template templates labels annotations
  ownerReferences controller blockOwnerDeletion managedFields manager time creationTimestamp generation resourceVersion
  containers initContainers env value valueFrom image args command volumes volumeMounts serviceAccount serviceAccountName
  serviceAccounts serviceAccountRef serviceAccountTemplate role roles roleArn provider
`);

/** Fields of known kinds below which the keys are what somebody's chart or template asks for. */
export const VALUES_FIELDS = set('values valuesObject parameters inputs variables vars substitute set valuesInline');

/** Whether a key of a custom resource's own names a service account or a way to credentials: it is judged. */
export const JUDGED_KEY = /service[-_.]?account|web[-_]?identity|AWS_ROLE_ARN|pod_?identity|identityOwner|assumeRole/i;
