/** What an operation of the API answers: an object, which goes out as JSON, or text of another media type. */
export interface ApiAnswer {
  readonly status: 200 | 202;
  readonly body: object | Text;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Text that goes out as it is. */
export class Text {
  readonly text: string;
  readonly mediaType: string;

  constructor(text: string, mediaType: string) {
    this.text = text;
    this.mediaType = mediaType;
  }
}
