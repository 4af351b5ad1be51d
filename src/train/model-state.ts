/** The state of a run: the names of engine/training-state.ts. A list, no logic. */
export {
  addTrainingState,
  initialState,
  type ModelState,
  roundInitialState,
  type StateArray,
} from "../engine/training-state.ts";
