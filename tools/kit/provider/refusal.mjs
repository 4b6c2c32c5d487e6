/** What was asked for cannot be done, and every reason why, each in one line for people. */
export class Refusal extends Error {
  name = 'Refusal';

  constructor(reasons) {
    super(reasons.join('\n'));
    this.reasons = reasons;
  }
}
