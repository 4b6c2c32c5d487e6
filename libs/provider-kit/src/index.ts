export { type Complaint, faultOfStatus, type ReadComplaint, withoutSecrets } from './failures.ts';
export { createHttp, type Http, type HttpRequest, type TextRequest } from './http.ts';
export { native } from './native.ts';
export {
  type CursorCodec,
  cursorCodec,
  everyItem,
  nestedList,
  offsetList,
  wholeList,
} from './paging.ts';
export { inParallel } from './parallel.ts';
export { instant, labelsOf, labelsOfTags, partsOf, partsOfProject, wordOf } from './readings.ts';
export { type Credential, loginSession, type Session, staticSession } from './session.ts';
export { limitsOf, secret, upstreamSettings } from './settings.ts';
export { assertSigned } from './signed-hook.ts';
export { tokenList } from './token-paging.ts';
export { journalOf, makeAmongNamesakes, remember, removeInStep, step } from './writing.ts';
