// The scan: chosen, dropped or pasted; a DICOM file is turned into a PNG by the server, its header left behind.

import { json } from "./api.js";
import { byId } from "./dom.js";

const MOST_BYTES = 20 * 1024 * 1024;

/** The scan of the form; `image` is a data URL, or null. */
export class Picture {
  image = null;

  constructor(whenChosen) {
    this.whenChosen = whenChosen;
    byId("file").addEventListener("change", () => this.take(byId("file").files[0]));
    byId("scan-remove").addEventListener("click", () => this.remove());
    this.#listenForDrops();
    document.addEventListener("paste", (event) => {
      const [file] = event.clipboardData.files;
      if (file) this.take(file);
    });
  }

  /** Show a file; what is wrong with it is said beside it. */
  async take(file) {
    if (!file) return;
    this.#say("");
    try {
      await this.#read(file);
    } catch (error) {
      this.remove();
      this.#say([error.message, error.remedy].filter(Boolean).join(" "));
      throw error;
    }
  }

  /** Show a data URL or an address of this server. */
  show(image, name, note = "") {
    this.image = image;
    byId("scan-image").src = image;
    byId("scan-name").textContent = name;
    byId("scan-note").textContent = note;
    byId("scan").hidden = false;
    byId("choose").hidden = true;
    this.#say("");
  }

  remove() {
    this.image = null;
    byId("file").value = "";
    byId("scan-image").removeAttribute("src");
    byId("scan").hidden = true;
    byId("choose").hidden = false;
    this.#say("");
    byId("file").focus();
  }

  async #read(file) {
    if (file.size > MOST_BYTES) throw new Error("The file has more than 20 MB: save a smaller copy.");
    const head = new Uint8Array(await file.slice(0, 132).arrayBuffer());
    const kind = kindOf(head, file.name);
    if (!kind) throw new Error(`${file.name} is neither PNG, JPEG nor DICOM: save it as one of these.`);
    const image = await dataUrl(file, kind);
    if (kind !== "application/dicom") {
      this.show(image, file.name);
    } else {
      byId("drop").classList.add("busy");
      try {
        const preview = await json("v1/preview", { image });
        this.show(preview.image, "DICOM file", preview.notes.join(" "));
      } finally {
        byId("drop").classList.remove("busy");
      }
    }
    this.whenChosen();
  }

  #listenForDrops() {
    const drop = byId("drop");
    for (const name of ["dragenter", "dragover"]) {
      document.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.add("over");
      });
    }
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) drop.classList.remove("over");
    });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      this.take(event.dataTransfer.files[0]);
    });
  }

  #say(text) {
    byId("file-problem").textContent = text;
  }
}

/** What a file is, by its first bytes; DICOM files without a preamble by their name. */
export function kindOf(head, name) {
  const text = String.fromCharCode(...head);
  if (text.startsWith("\x89PNG")) return "image/png";
  if (text.startsWith("\xff\xd8\xff")) return "image/jpeg";
  return text.slice(128, 132) === "DICM" || /\.(dcm|dicom)$/i.test(name) ? "application/dicom" : null;
}

async function dataUrl(file, kind) {
  const reader = new FileReader();
  await new Promise((resolve, reject) => {
    reader.addEventListener("load", resolve);
    reader.addEventListener("error", () => reject(new Error("The file cannot be read.")));
    reader.readAsDataURL(new Blob([file], { type: kind }));
  });
  return reader.result;
}
