export { nearest } from '../src/model/nearest.ts';
