// Where the page begins.

import { createSession } from "./state/session";
import { SetList } from "./state/set-list";
import { mount } from "./ui/mount";
import { PreferenceStore, safeStorage } from "./ui/preferences";

const setList = new SetList(safeStorage());
mount({ ...createSession(), preferences: new PreferenceStore(), setList, meters: null, silent: false });
