"""The platform's own procedure, step by step, in its own words: they stay visible beside ours. Titles only, as printed in
"Восстановление данных на мастер-узлах" of the Nova Container Platform; a title is never translated.

``PlannedStep.seed`` names steps by section and number: ``1.3/7``, ``1.2/8-9`` or ``1.2/3, 1.2/4``.
"""

from __future__ import annotations

import re

SECTIONS = {
    "1.1": "Общие практики",
    "1.2": "Восстановление одного неисправного узла Etcd",
    "1.3": "Восстановление кластера узлов Etcd",
}
STEPS = {
    "1.1/1": "Перезапуск неисправного участника кластера",
    "1.1/2": "Восстановление неисправного участника кластера",
    "1.2/1": "Подключитесь по SSH на один из исправных мастер-узлов",
    "1.2/2": "Установите переменные окружения для подключения к Etcd",
    "1.2/3": "Определите неисправный узел Etcd",
    "1.2/4": "Получите дополнительные сведения о неисправном узле Etcd",
    "1.2/5": "Удалите неисправный узел из кластера Etcd",
    "1.2/6": "Добавьте неисправный узел повторно в кластер",
    "1.2/7": "Проверьте список участников кластера Etcd",
    "1.2/8": "Подключитесь на неисправный узел по SSH и проверьте статус сервиса Etcd",
    "1.2/9": "Проверьте журнал событий сервиса Etcd на неисправном узле",
    "1.2/10": "Остановите сервис Etcd на неисправном узле",
    "1.2/11": "Удалите директорию с данными Etcd на неисправном узле",
    "1.2/12": "Измените параметр состояния кластера для запуска сервиса Etcd",
    "1.2/13": "Запустите сервис Etcd на неисправном узле",
    "1.2/14": "Проверьте состояние сервиса Etcd",
    "1.2/15": "Проверьте список участников кластера Etcd",
    "1.2/16": "Проверьте статус участников кластера Etcd",
    "1.3/1": "Подключитесь по SSH к каждому мастер-узлу кластера Kubernetes",
    "1.3/2": "Проверьте статус сервисов Etcd на каждом мастер-узле и остановите сервис, если он запущен",
    "1.3/3": "Убедитесь, что параметр состояния кластера ETCD_INITIAL_CLUSTER_STATE имеет значение new",
    "1.3/4": "Установите переменные окружения для подключения к Etcd на первом мастер-узле",
    "1.3/5": "Удалите директорию с данными Etcd на каждом мастер-узле",
    "1.3/6": "Распакуйте резервную копию Etcd на каждом мастер-узле",
    "1.3/7": "Выполните восстановление снимка Etcd на каждом мастер-узле",
    "1.3/8": "Запустите сервис Etcd на каждом мастер-узле подряд и проверьте его статус",
    "1.3/9": "Проверьте статус участников кластера Etcd",
}
_RANGE = re.compile(r"(\d+)(?:-(\d+))?\Z")


def numbers(seed: str) -> list[str]:
    """``1.2/8-9, 16`` -> ``1.2/8``, ``1.2/9``, ``1.2/16``. A word that is none of that is given back as it is."""
    found: list[str] = []
    section = ""
    for word in filter(None, re.split(r"[,\s]+", seed)):
        before, slash, last = word.rpartition("/")
        section = before if slash else section
        steps = _RANGE.match(last) if section else None
        if steps is None:
            found.append(word)
            continue
        begin, end = int(steps[1]), int(steps[2] or steps[1])
        found += [f"{section}/{number}" for number in range(begin, end + 1)]
    return found


def title(number: str) -> str:
    """The platform's words for one step or section; empty for one it does not have."""
    return STEPS.get(number) or SECTIONS.get(number, "")


def lines(seed: str) -> list[str]:
    """``1.3/7 «Выполните ..»``, a line a step of the procedure; its number alone where it has no words."""
    return [f"{number} «{words}»" if (words := title(number)) else number for number in numbers(seed)]
