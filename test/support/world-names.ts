/** What may stand in a capture with hashed names: names of Kubernetes, of AWS and of the software that podshift judges by. */
const MAY_STAY = [
  /^(kube-(system|proxy|root-ca\.crt|node-lease|public)|system:.*|aws-node|vpc-cni|coredns|kube2iam|kiam(-agent|-server)?|default)-?$/,
  /^(eks-pod-identity-(agent|token)|aws-iam-token|default-scheduler|aws-auth|node(-\d)?|cluster|fargate|registry)$/,
  /^(aws-)?efs-csi-(driver|controller|controller-sa|node|node-sa)-?$/,
  /^AssumeRole(WithWebIdentity)?$/,
  /^Amazon[A-Za-z0-9_]+$|^arn:aws:iam::aws:policy\//,
  /^(602401143452\.dkr\.ecr\..*|public\.ecr\.aws\/eks\/.*)$/,
  /^(AWS_[A-Z_]+|HOST_IP|HTTPS?_PROXY|NO_PROXY)$/,
  /^\/var\/run\/secrets\/eks\.amazonaws\.com\//,
  // where the twin serves itself
  /^https:\/\/127\.0\.0\.1:\d+$/,
  // quantities, numbers and values that an API lists
  /^([\d.]+([mKMGT]i?)?|[A-Z][A-Z_]+|true|false)$/,
];

/** Fields whose text is a name, an id or an address. */
const NAMED = /^(name|namespace|uid|arn|id|endpoint|issuer|value|image|.*(Name|Arn|Id|IP|Ips|IPs|Email|address))$/;

/** Every name, id and address in the files of a capture, with the words of each, that nobody but their owner has. */
export function namesOfWorld(files: ReadonlyMap<string, string>): string[] {
  const found = new Set<string>();
  const look = (value: unknown, key: string): void => {
    if (typeof value === 'string') {
      if (NAMED.test(key)) found.add(value);
    } else if (typeof value === 'object' && value !== null)
      for (const [inner, item] of Object.entries(value)) look(item, Array.isArray(value) ? key : inner);
  };
  for (const [path, text] of files) if (!/addon-(configurations|versions)/.test(path)) look(JSON.parse(text), '');
  return [...found].filter((name) => name.length > 3 && !MAY_STAY.some((pattern) => pattern.test(name))).sort();
}
