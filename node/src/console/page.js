/* Small help for pages that all work without it. Old browsers: ES5. */
(function () {
  'use strict';

  // A second press while the first is under way would only bring a message.
  var forms = document.getElementsByTagName('form');
  for (var i = 0; i < forms.length; i++) {
    forms[i].addEventListener('submit', function (event) {
      var form = event.currentTarget;
      if (form.method !== 'post') { return; }
      if (form.getAttribute('data-dang-gui')) { event.preventDefault(); return; }
      form.setAttribute('data-dang-gui', '1');
    });
  }
  // The back button shows the page as it was left.
  window.addEventListener('pageshow', function () {
    for (var i = 0; i < forms.length; i++) { forms[i].removeAttribute('data-dang-gui'); }
  });

  function get(url, done) {
    var request = new XMLHttpRequest();
    request.open('GET', url);
    request.onload = function () {
      if (request.status !== 200) { return; }
      try { done(JSON.parse(request.responseText)); } catch (e) { /* the next time */ }
    };
    request.send();
  }

  // The receipt: what becomes of the entry.
  var status = document.getElementById('trang-thai');
  if (status && status.getAttribute('data-viec')) {
    var asking = setInterval(function () {
      get('/api/events/' + status.getAttribute('data-viec'), function (answer) {
        if (answer.status === status.getAttribute('data-dang')) { return; }
        status.setAttribute('data-dang', answer.status);
        status.className = 'trang-thai ' + answer.style;
        status.textContent = '';
        status.appendChild(document.createTextNode(answer.sign + ' ' + answer.status_vi));
        if (answer.message_vi) {
          var more = document.createElement('p');
          more.textContent = answer.message_vi;
          status.appendChild(more);
        }
        if (answer.final) { clearInterval(asking); }
      });
    }, 3000);
  }

  // The day as people say it: the browser's own spelling may put the month first.
  var day = document.getElementById('ngay');
  var said = document.getElementById('ngay-doc');
  if (day && said) {
    day.addEventListener('change', function () {
      var parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day.value);
      var names = ['Chủ nhật', 'Thứ hai', 'Thứ ba', 'Thứ tư', 'Thứ năm', 'Thứ sáu', 'Thứ bảy'];
      said.textContent = parts ? names[new Date(parts[1], parts[2] - 1, parts[3]).getDay()] + ', ' + parts[3] + '/' + parts[2] + '/' + parts[1] : '';
    });
  }

  // The harvest form: a lot number that fits the place and day chosen, as long as nobody wrote another.
  var lot = document.getElementById('so-lo');
  if (lot && lot.getAttribute('data-goi-y')) {
    var suggest = function () {
      if (lot.value !== lot.getAttribute('data-goi-y')) { return; }
      var field = document.querySelector('[name=vuon]:checked') || document.querySelector('select[name=vuon]');
      if (!field || !day) { return; }
      get('/api/so-lo?don-vi=' + encodeURIComponent(lot.getAttribute('data-don-vi')) + '&vuon=' + encodeURIComponent(field.value) +
        '&ngay=' + encodeURIComponent(day.value), function (answer) {
        if (lot.value === lot.getAttribute('data-goi-y')) {
          lot.value = answer.so_lo;
          lot.setAttribute('data-goi-y', answer.so_lo);
        }
      });
    };
    document.addEventListener('change', function (event) {
      if (event.target.name === 'vuon' || event.target.name === 'ngay') { suggest(); }
    });
  }
}());
