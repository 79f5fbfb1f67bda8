// Where the page begins.

import { createSession } from "./state/session";
import { SetList } from "./state/set-list";
import { mount } from "./ui/mount";
import { PreferenceStore, safeStorage } from "./ui/preferences";

const preferences = new PreferenceStore();
const setList = new SetList(safeStorage());
const session = createSession({
  name: () => preferences.value.performer,
  together: () => preferences.value.together,
});
setList.keep(session.link);
mount({ ...session, preferences, setList, meters: null, silent: false });
