"""Every kind of data, from the upload to the page."""

from __future__ import annotations

import json

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from datasets import kinds, services
from datasets.content import open_content
from datasets.formats.base import Entry
from datasets.models import Dataset, Finding
from datasets.report import read
from jobs.models import Job
from projects.models import Project
from speechstudio.test import BaseTestCase, make_zip, tone


class KindsTestCase(BaseTestCase):
    def upload(
        self, kind: str, content: str | bytes, name: str, use: str = "training"
    ) -> Dataset:
        data = content.encode("utf-8-sig") if isinstance(content, str) else content
        with self.on_commit():
            dataset = services.upload(
                self.project, name, ContentFile(data, name=name), kind=kind, use=use
            )
        dataset.refresh_from_db()
        return dataset

    def entries(self, dataset: Dataset) -> dict[str, list[Entry]]:
        with dataset.content_file.open() as file:
            return {name: list(group) for name, group in open_content(file).items()}

    def rules(self, dataset: Dataset, level: str = "error") -> list[str]:
        return [f.rule for f in dataset.findings.filter(level=level)]

    def test_plain_text(self) -> None:
        dataset = self.upload(
            "Language", "Call the ward.\nsee http://a.b/c\nStop at noon.\n", "a.txt"
        )
        assert (dataset.status, dataset.error) == (Job.Status.SUCCEEDED, "")
        assert (dataset.accepted, dataset.rejected) == (2, 1)
        sentences = self.entries(dataset)["sentence"]
        assert [e.text for e in sentences] == ["Call the ward.", "Stop at noon."]
        finding = dataset.findings.get(level="error")
        assert (finding.file, finding.line, finding.column) == ("a.txt", 2, 5)
        assert dataset.statistics.figures["sentences"] == 2

    def test_structured_text(self) -> None:
        dataset = self.upload(
            "LanguageMarkdown",
            "@ list pet =\n- cat\n- dog\n@ speech:phoneticlexicon\n- cat/k ae t\n"
            "# Calls\n- my {@pet} sleeps\n- my {@bird} sings\n",
            "a.md",
        )
        assert (dataset.accepted, dataset.rejected) == (4, 1)
        groups = self.entries(dataset)
        assert {name: len(entries) for name, entries in groups.items()} == {
            "list": 2,
            "lexicon": 1,
            "sentence": 1,
        }
        assert "bird" in dataset.findings.get(level="error").message

    def test_pronunciation(self) -> None:
        dataset = self.upload("Pronunciation", "3CPO\tthree c p o\nIEEE\n", "a.txt")
        assert (dataset.accepted, dataset.rejected) == (1, 1)
        entry = self.entries(dataset)["pronunciation"][0]
        assert (entry.text, entry.other) == ("3CPO", "three c p o")

    def test_output_format_runs_its_tests(self) -> None:
        dataset = self.upload(
            "OutputFormatting",
            "#itn\ncat-\\d\n#rewrite\ncoco\tCo-Co\n#test\n"
            "cat nine\tCat-9\ncoco\tcoco\n",
            "a.md",
        )
        assert (dataset.status, dataset.error) == (Job.Status.SUCCEEDED, "")
        tests = self.entries(dataset)["test"]
        assert tests[0].result == "passed"
        assert tests[1].result == "Co-Co"
        assert dataset.findings.filter(level="warning", line=7).exists()

    def test_audio_alone_has_no_transcripts(self) -> None:
        archive = make_zip({"a.wav": tone(1.0), "b.wav": tone(1.0, pitch_hz=300)})
        dataset = self.upload("AudioFiles", archive.read(), "a.zip", "testing")
        assert (dataset.accepted, dataset.rejected) == (2, 0)
        assert set(dataset.utterances.values_list("transcript", flat=True)) == {""}

    def test_one_recording_need_not_be_packed(self) -> None:
        dataset = self.upload("AudioFiles", tone(1.0), "call.wav", "testing")
        assert (dataset.status, dataset.accepted) == (Job.Status.SUCCEEDED, 1)
        assert dataset.utterances.get().name == "call.wav"

    def test_speakers_and_labels_are_kept_for_slices(self) -> None:
        archive = make_zip(
            {
                "a.wav": tone(1.0),
                "b.wav": tone(1.0, pitch_hz=300),
                "trans.txt": "file\ttext\tspeaker\tdevice\n"
                "a.wav\tyes please\tanna\theadset\nb.wav\tno thanks\tbert\t\n",
            }
        )
        dataset = self.upload("Acoustic", archive.read(), "a.zip", "testing")
        a, b = dataset.utterances.all()
        assert a.labels == {"speaker": "anna", "device": "headset"}
        assert (a.speaker, b.speaker) == ("anna", "bert")
        labels = dataset.statistics.figures["labels"]
        assert {v["value"] for v in labels["speaker"]["values"]} == {"anna", "bert"}
        assert a.label_rows.filter(name="device", value="headset").exists()

    def test_a_text_that_is_normalised_already_is_taken_as_it_is(self) -> None:
        archive = make_zip(
            {"a.wav": tone(1.0), "trans.txt": "a.wav\tit\u2019s \u201cso\u201d\n"}
        )
        kept = {}
        for style in Dataset.Normalization.values:
            archive.seek(0)
            with self.on_commit():
                dataset = services.upload(self.project, style, archive)
                Dataset.objects.update(text_normalization=style)
            dataset.refresh_from_db()
            kept[style] = dataset.utterances.get().transcript
        assert kept == {"Default": 'it\'s "so"', "None": "it\u2019s \u201cso\u201d"}

    def test_what_is_measured_is_kept(self) -> None:
        archive = make_zip({"a.wav": tone(1.0), "trans.txt": "a.wav\tyes\n"})
        one = self.upload("Acoustic", archive.read(), "a.zip").utterances.get()
        archive.seek(0)
        two = self.upload("Acoustic", archive.read(), "b.zip").utterances.get()
        assert one.level_dbfs is not None
        assert -20 < one.level_dbfs < -10
        assert one.audio_hash is not None
        assert one.audio_hash == two.audio_hash

    def test_training_data_that_is_all_too_long_is_refused(self) -> None:
        archive = make_zip({"a.wav": tone(41.0), "trans.txt": "a.wav\tyes\n"})
        dataset = self.upload("Acoustic", archive.read(), "a.zip")
        assert dataset.status == Job.Status.FAILED
        assert dataset.error_code == "acoustic.all_too_long"
        archive.seek(0)
        dataset = self.upload("Acoustic", archive.read(), "a.zip", "testing")
        assert dataset.status == Job.Status.SUCCEEDED

    def test_the_file_of_the_report_has_every_line_that_was_refused(self) -> None:
        dataset = self.upload("Pronunciation", "A\tay\nbad line\n\tx\n", "a.txt")
        with dataset.report_file.open() as file:
            issues = list(read(file))
        refused = [(i["line"], i["row"]) for i in issues if i["level"] == "error"]
        assert refused == [(2, "bad line"), (3, "\tx")]

    def test_a_refused_file_keeps_its_report(self) -> None:
        dataset = self.upload("Pronunciation", "nothing here\n", "a.txt")
        assert dataset.status == Job.Status.FAILED
        assert dataset.rejected == 1
        assert default_storage.exists(dataset.report_file.name)
        assert dataset.findings.filter(level=Finding.Level.ERROR).count() == 1

    def test_a_text_renamed_to_zip_and_a_zip_renamed_to_text_are_named(self) -> None:
        text = self.upload("Acoustic", b"a.wav\thello\n", "a.zip", "testing")
        assert "plain text" in text.error
        packed = make_zip({"a.txt": "hello"}).read()
        archive = self.upload("Language", packed, "a.txt")
        assert archive.status == Job.Status.FAILED
        assert "zip" in archive.error

    def test_figures_and_labels_can_be_stored_as_json(self) -> None:
        dataset = self.upload("Language", "One sentence here.\n", "a.txt")
        assert json.loads(json.dumps(dataset.statistics.figures))

    def test_what_training_and_testing_data_share_is_pointed_out(self) -> None:
        words = "the patient takes ten milligrams twice daily"
        archive = make_zip({"a.wav": tone(3.0), "trans.txt": f"a.wav\t{words}\n"})
        testing = self.upload("Acoustic", archive.read(), "a.zip", "testing")
        training = self.upload("Language", f"{words}\nAnother line.\n", "a.txt")
        overlap = testing.overlaps_as_test.get()
        assert overlap.training == training
        assert (overlap.audio, overlap.text) == (0, 1)

    def test_pronunciation_and_structured_text_do_not_go_together(self) -> None:
        assert kinds.conflict(["LanguageMarkdown", "Pronunciation", "Acoustic"])
        assert not kinds.conflict(["Language", "Pronunciation", "Acoustic"])


class OfferedTestCase(BaseTestCase):
    def offered(self, use: str, locale: str) -> set[str]:
        return {kind.value for kind in kinds.offered(use, locale)}

    def test_the_kinds_depend_on_use_and_locale(self) -> None:
        assert self.offered("testing", "en-US") == {
            "AudioFiles",
            "Acoustic",
            "Transcript",
        }
        assert self.offered("testing", "de-DE") == {"AudioFiles", "Acoustic"}
        training = self.offered("training", "en-US")
        assert training == {k.value for k in kinds.KINDS} - {"Transcript"}
        assert "AudioFiles" not in self.offered("training", "de-DE")
        assert "OutputFormatting" not in self.offered("training", "cs-CZ")

    def test_every_kind_of_the_model_is_described(self) -> None:
        assert {kind.value for kind in kinds.KINDS} == set(Dataset.Kind.values)

    def test_projects_of_any_locale_can_upload_something(self) -> None:
        for locale, _ in Project._meta.get_field("locale").choices or []:
            assert kinds.offered("testing", str(locale))
            assert kinds.offered("training", str(locale))
