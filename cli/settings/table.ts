import { isAbsolute } from 'node:path';
import { REPORT_FORMATS } from '../../src/report/formats.ts';

/** The name of a setting, as it stands in the file. */
export type SettingName = 'service' | 'fleetService' | 'journal' | 'region' | 'profile' | 'output';

/** A thing that is typed each time, and can be set once. */
interface Row {
  /** What it is, for `podshift config` and the documentation. */
  readonly about: string;
  /** Variables of the environment that say it, before the file; the first that is set holds. */
  readonly variables: readonly string[];
  /** Variables of the environment that make the file's value void. */
  readonly hiddenBy: readonly string[];
  /** What a right value is, for "must be …". */
  readonly expects: string;
  isRight(value: string): boolean;
}

/** Everything that can be set. None of it is a secret, and a URL with a password in it is refused. */
export const SETTINGS: Readonly<Record<SettingName, Row>> = {
  service: {
    about: 'the deployed service that commands drive',
    variables: ['PODSHIFT_SERVICE'],
    hiddenBy: [],
    expects: 'the URL of a service, https://… (or http://127.0.0.1…), without user and password',
    isRight: (value) => {
      const url = URL.parse(value);
      const isLocal = url !== null && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
      return url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && isLocal)) && url.username + url.password === '';
    },
  },
  fleetService: {
    about: 'the deployed service that fleets start in',
    variables: ['PODSHIFT_FLEET_SERVICE'],
    hiddenBy: [],
    expects: 'the ARN of the deployed podshift-migrate-fleet',
    isRight: (value) => /^arn:[a-z-]+:states:[a-z0-9-]+:\d{12}:stateMachine:podshift-migrate-fleet-[\w-]+(:live)?$/.test(value),
  },
  journal: {
    about: "the folder of this machine's journal",
    variables: ['PODSHIFT_JOURNAL'],
    hiddenBy: [],
    expects: 'the path of a folder that begins with / or ~/',
    isRight: (value) => isAbsolute(value) || value.startsWith('~/'),
  },
  region: {
    about: 'the region of the cluster',
    variables: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    hiddenBy: [],
    expects: 'an AWS region, such as eu-central-1',
    isRight: (value) => /^[a-z]{2,}(-[a-z]+)+-\d{1,2}$/.test(value),
  },
  profile: {
    about: 'the profile of the AWS configuration',
    variables: ['AWS_PROFILE'],
    hiddenBy: [
      'AWS_ACCESS_KEY_ID',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    ],
    expects: 'the name of a profile of the AWS configuration',
    isRight: (value) => /^\S(.*\S)?$/.test(value),
  },
  output: {
    about: 'how answers are printed, where the command can',
    variables: ['PODSHIFT_OUTPUT'],
    hiddenBy: [],
    expects: `one of ${REPORT_FORMATS.join(', ')}`,
    isRight: (value) => (REPORT_FORMATS as readonly string[]).includes(value),
  },
};
