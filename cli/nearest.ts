export { nearest } from '../src/model/text/nearest.ts';
