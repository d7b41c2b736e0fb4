"""An example of each kind, in each language that has them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.files.base import ContentFile
from django.urls import reverse

from datasets import examples, services
from datasets.formats import spoken
from datasets.formats.base import Findings
from datasets.kinds import BY_VALUE, KINDS, Kind
from datasets.models import Dataset
from engines.voices import has_voice
from jobs.models import Job
from projects.services import create
from speechstudio.test import BaseTestCase

PROMISED = "de-DE en-GB en-US es-ES fr-FR it-IT nl-NL pl-PL pt-BR"
_TRANSCRIPT = BY_VALUE["Transcript"]


class ExampleTestCase(BaseTestCase):
    def test_each_example_imports_without_a_warning_in_its_language(self) -> None:
        for locale in examples.TEXT_LOCALES:
            for kind in KINDS:
                of_it = examples.locale_of(kind, locale) == locale
                if of_it and (kind != _TRANSCRIPT or has_voice(locale)):
                    with self.subTest(kind=kind.value, locale=locale):
                        self.check(kind, locale)

    def test_sentences_without_a_voice_can_be_spoken_by_one(self) -> None:
        for locale in examples.TEXT_LOCALES:
            findings = Findings()
            with TemporaryDirectory() as folder:
                path = Path(folder, "t.txt")
                path.write_bytes(examples.content(_TRANSCRIPT, locale))
                entries = list(spoken.read(path, locale, findings, name="t.txt"))
            assert (len(entries), findings.kept) == (5, []), locale

    def test_the_promised_languages_have_texts_of_their_own(self) -> None:
        assert set(PROMISED.split()) <= set(examples.TEXT_LOCALES)
        for kind in KINDS:
            if kind.value not in examples.WITH_SOUND:
                texts = [examples.content(kind, one) for one in PROMISED.split()]
                assert Counter(texts).most_common(1)[0][1] == 1, kind.value

    def test_the_tests_of_each_output_format_pass(self) -> None:
        for locale in examples.TEXT_LOCALES:
            dataset = self.check(BY_VALUE["OutputFormatting"], locale)
            notes = [str(f) for f in dataset.findings.filter(rule__endswith=".tests")]
            assert "2 of 2 tests passed" in notes[0], (locale, notes)

    def test_they_are_downloaded_in_the_language_that_is_asked_for(self) -> None:
        cases = [
            ("de-DE", "de-DE", "Wasserzähler"),
            ("de-AT", "de-DE", "Wasserzähler"),
            ("fi-FI", "en-US", "metoprolol"),
            ("../../x", "en-US", "metoprolol"),
        ]
        for asked, given, word in cases:
            page = self.client.get(self.url("Language"), {"locale": asked})
            assert f"example-language-{given}.txt" in page["Content-Disposition"]
            content = page.getvalue()
            assert content.startswith(b"\xef\xbb\xbf") and word in content.decode()

    def test_there_is_one_of_each_type_and_none_of_others(self) -> None:
        for kind in KINDS:
            page = self.client.get(self.url(kind.value))
            assert examples.name_of(kind, "en-US") in page["Content-Disposition"]
            assert 0 < len(page.getvalue()) < 100_000
        assert self.client.get(self.url("secret")).status_code == 404

    def test_the_wizard_says_in_which_language_they_are(self) -> None:
        cases = [
            ("de-DE", "", "A machine speaks"),
            ("de-AT", "of text are in German (Germany)", "A machine speaks"),
            ("fi-FI", "of text are in English (United States)", "A machine speaks"),
        ]
        for locale, texts, sound in cases:
            project = create(self.alice, locale, locale)
            url = reverse("dataset-step", args=[project.pk, "kind"])
            page = self.client.get(url, {"use": "training"})
            self.assertContains(page, f"{self.url('Language')}?locale={locale}")
            self.assertContains(page, sound)
            if texts:
                self.assertContains(page, texts)
            else:
                self.assertNotContains(page, "There are no examples in")

    def url(self, kind: str) -> str:
        return reverse("dataset-example", args=[kind])

    def check(self, kind: Kind, locale: str) -> Dataset:
        """The dataset that was made of the example of this kind."""
        project = create(self.alice, f"{kind.value} {locale}", locale)
        name = examples.name_of(kind, locale)
        file = ContentFile(examples.content(kind, locale), name=name)
        with self.on_commit():
            dataset = services.upload(
                project, name, file, kind=kind.value, use=sorted(kind.uses)[0]
            )
        dataset.refresh_from_db()
        assert dataset.status == Job.Status.SUCCEEDED, (kind, dataset.error)
        assert (dataset.accepted > 0, dataset.rejected) == (True, 0)
        loud = dataset.findings.exclude(level="note")
        assert [str(f) for f in loud] == []
        return dataset
